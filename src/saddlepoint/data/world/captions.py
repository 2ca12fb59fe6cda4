"""The coloured shapes of `world:shapes` with a caption each: "a small red ring on the left before grey ground".

A caption always says colour, shape and ground; of size and place it says what is clear, and leaves the rest open. Its
words come in one of four orders, so that what they mean must be learnt and not where they stand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world import shapes
from saddlepoint.data.world.base import SEED, World
from saddlepoint.keyed import hashed_uniform
from saddlepoint.kinds.tokenizer import encode, learn
from saddlepoint.kinds.tokens import Tokens

WORDS: dict[str, tuple[str, ...]] = {
    "colour": tuple(shapes.COLOURS),
    "shape": tuple(shapes.SHAPES),
    "ground": tuple(shapes.BACKGROUNDS),
    "size": ("small", "large"),
    "place": ("left", "right", "top", "bottom"),
}
"""what may be said, and the words for it; no word stands for two things"""
_SMALL, _LARGE, _ASIDE = 0.43, 0.57, 0.2
"""radius up to which a shape is small and from which it is large; how far from the middle it is at a side"""


@final
class Captions(World):
    """10,000 coloured shapes, 32 pixels by default, with a caption of words each; the classes are the shapes."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. The images are those of world:shapes."""
        images = shapes.WORLD.dataset(settings, say)
        texts = captions(np.arange(len(images)))
        pieces, _ = learn(texts, "words")
        numbers = [encode(text, "words", pieces) for text in texts]
        kind = Tokens(max(map(len, numbers)) + 1, pieces, "words")
        tokens = np.array([row + [0] * (kind.length - len(row)) for row in numbers], np.uint16)
        return Dataset(
            {**images.fields, "text": tokens},
            images.fingerprint[:32] + fingerprint(tokens, None)[:32],
            settings.data,
            classes=images.classes,
            notes=images.notes,
            kinds={**images.kinds, "text": kind},
        )


def captions(index: np.ndarray, seed: int = SEED) -> list[str]:
    """The captions of images number `index` (integers, [N]); caption i depends on (seed, i) alone."""
    scenes, order = shapes.factors(index, seed), hashed_uniform(index, seed, "captions")
    return [_caption(scenes, row, int(4 * order[row])) for row in range(len(index))]


def facts(text: str) -> dict[str, str]:
    """What a caption says, by the names of WORDS: {"colour": "red", "shape": "ring", "ground": "grey"}; also of texts
    that a model has written, of each the first word."""
    known = {word: name for name, words in WORDS.items() for word in words}
    said: dict[str, str] = {}
    for word in text.replace(",", " ").split():
        if word in known:
            said.setdefault(known[word], word)
    return said


def _caption(scenes: shapes.Factors, row: int, order: int) -> str:
    colour, shape = WORDS["colour"][scenes.colour[row]], WORDS["shape"][scenes.shape[row]]
    size, place = _size(scenes.size[row]), _place(scenes.x[row], scenes.y[row])
    ground = WORDS["ground"][scenes.background[row]]
    if order == 3:
        return f"{_with_article(size, shape)} that is {colour}{place}, on {ground}"
    thing = _with_article(size, colour, shape) + place
    return (f"{thing} before {ground} ground", f"on {ground} there is {thing}", f"{ground} ground with {thing}")[order]


def _with_article(*words: str) -> str:
    phrase = " ".join(filter(None, words))
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def _size(radius: float) -> str:
    return "small" if radius < _SMALL else "large" if radius > _LARGE else ""


def _place(x: float, y: float) -> str:
    """The side that a shape is farthest at, where that is clear."""
    if max(abs(x), abs(y)) < _ASIDE:
        return ""
    if abs(x) >= abs(y):
        return " on the left" if x < 0 else " on the right"
    return " at the top" if y < 0 else " at the bottom"


WORLD = Captions()
