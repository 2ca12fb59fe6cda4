"""Numbers in English words, and in digits: a language whose right translations are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import World
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.tokenizer import encode, learn
from saddlepoint.kinds.tokens import Tokens

COUNT = 10_000
_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


@final
class Numbers(World):
    """Pairs of the numbers 0 to 9,999: the source in words, the target in digits, both letter by letter."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Texts have no pixels, and their length is that of the longest."""
        if any(value is not None for value in (settings.channels, settings.resolution, settings.window)):
            raise ConfigError(f"{settings.data} has texts: leave out --resolution, --channels and --window.")
        sides = {"source": [words(n) for n in range(COUNT)], "target": [str(n) for n in range(COUNT)]}
        kinds, fields = {}, {}
        for name, texts in sides.items():
            pieces, _ = learn(texts, "characters")
            kind = Tokens(max(map(len, texts)) + 1, pieces, "characters")
            rows = [encode(text, "characters", pieces) for text in texts]
            kinds[name] = kind
            fields[name] = np.array([row + [0] * (kind.length - len(row)) for row in rows], np.uint16)
        return Dataset(fields, fingerprint(np.hstack(list(fields.values())), None), settings.data, kinds=kinds)


def words(number: int) -> str:
    """A number from 0 to 9,999 in words: "four thousand twenty one"."""
    parts = []
    if number >= 1000:
        parts += [_ONES[number // 1000], "thousand"]
    if number % 1000 >= 100:
        parts += [_ONES[number % 1000 // 100], "hundred"]
    rest = number % 100
    if rest >= 20:
        parts += [_TENS[rest // 10], *([_ONES[rest % 10]] if rest % 10 else [])]
    elif rest or not parts:
        parts.append(_ONES[rest])
    return " ".join(parts)


WORLD = Numbers()
