"""Sentences of a small grammar and their translation: the order of words, agreement and a case differ.

    the good dogs hear a red stone today  ->  oge ka bar le belu un pel rosi esa audna

In the translation adverbs come first and verbs last, adjectives follow their noun and take its ending, what is done to
is marked, and many are told by a word of their own and by the verb.

The right translation of every sentence is known, and there are many more sentences than any set of pairs holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.tokenizer import encode, learn
from saddlepoint.kinds.tokens import Tokens

PAIRS = 20_000
_NOUNS = {  # in the source, in the target, and the ending of its adjectives there
    "dog": ("bar", "u"), "cat": ("mio", "o"), "child": ("tel", "i"), "house": ("lin", "i"), "tree": ("dru", "u"),
    "river": ("sal", "o"), "friend": ("kam", "u"), "king": ("rex", "u"), "bird": ("avo", "o"), "stone": ("pel", "i"),
}  # fmt: skip
_ADJECTIVES = {"old": "tom", "red": "ros", "small": "min", "good": "bel", "dark": "nok", "quiet": "sil"}
_VERBS = {"see": "vid", "hear": "aud", "love": "lub", "find": "mes", "follow": "sek", "fear": "tim"}
_ADVERBS = {"today": "oge", "often": "muta", "never": "nul", "there": "ista"}
_ARTICLES = {"the": "ka", "a": "un"}


@final
class Sentences(World):
    """20,000 pairs of sentences, word by word: the source of 5 to 8 words, the target of 6 to 11."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Texts have no pixels, and their length is that of the longest."""
        if any(value is not None for value in (settings.channels, settings.resolution, settings.window)):
            raise ConfigError(f"{settings.data} has texts: leave out --resolution, --channels and --window.")
        each = pairs(PAIRS)
        kinds, fields = {}, {}
        for column, name in enumerate(("source", "target")):
            texts = [pair[column] for pair in each]
            pieces, _ = learn(texts, "words")
            numbers = [encode(text, "words", pieces) for text in texts]
            kind = Tokens(max(map(len, numbers)) + 1, pieces, "words")
            kinds[name] = kind
            fields[name] = np.array([row + [0] * (kind.length - len(row)) for row in numbers], np.uint16)
        return Dataset(fields, fingerprint(np.hstack(list(fields.values())), None), settings.data, kinds=kinds)


def pairs(count: int) -> list[tuple[str, str]]:
    """Sentences, no two alike, with their translations; the first of a larger count are those of a smaller one."""
    draw = numpy_generator(SEED, "sentences")
    known: dict[str, str] = {}
    while len(known) < count:
        subject, thing = _phrase(draw), _phrase(draw)
        verb, adverb = _one(draw, _VERBS), _one(draw, _ADVERBS) if draw.random() < 0.5 else None
        source = " ".join(
            (*_said(*subject), verb if subject[3] else f"{verb}s", *_said(*thing), *((adverb,) if adverb else ()))
        )
        target = (
            *((_ADVERBS[adverb],) if adverb else ()),
            *_translated(*subject),
            *_translated(*thing),
            "esa",  # what comes before it is done to
            _VERBS[verb] + ("na" if subject[3] else ""),
        )
        known.setdefault(source, " ".join(target))
    return list(known.items())


def _one(draw: np.random.Generator, words: dict[str, object] | dict[str, str] | dict[str, tuple[str, str]]) -> str:
    return list(words)[int(draw.integers(len(words)))]


def _phrase(draw: np.random.Generator) -> tuple[str, str | None, str, bool]:
    """Article, perhaps an adjective, noun, and whether there are many."""
    adjective = _one(draw, _ADJECTIVES) if draw.random() < 0.6 else None
    many = bool(draw.random() < 0.4)
    return "the" if many else _one(draw, _ARTICLES), adjective, _one(draw, _NOUNS), many


def _said(article: str, adjective: str | None, noun: str, many: bool) -> tuple[str, ...]:
    plural = {"child": "children"}.get(noun, f"{noun}s")
    return (article, *((adjective,) if adjective else ()), plural if many else noun)


def _translated(article: str, adjective: str | None, noun: str, many: bool) -> tuple[str, ...]:
    """Article, noun, the sign of many, and the adjective with the noun's ending."""
    word, ending = _NOUNS[noun]
    return (
        _ARTICLES[article],
        word,
        *(("le",) if many else ()),
        *((_ADJECTIVES[adjective] + ending,) if adjective else ()),
    )


WORLD = Sentences()
