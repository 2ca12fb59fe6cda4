"""Texts that begin with a token which has to be said again at their end, over others that mean nothing."""

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
from saddlepoint.kinds.tokens import Tokens

TEXTS, LENGTH, SYMBOLS, NOISE = 4000, 63, 8, 4
PIECES = (*"ABCDEFGH", *"abcd", "?")


@final
class Recall(World):
    """4,000 texts of 63 tokens (`--window`): one of 8 symbols, 60 of 4 others, a question mark, the symbol."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Texts have no pixels."""
        if settings.channels is not None or settings.resolution is not None:
            raise ConfigError(f"{settings.data} has texts, not images: leave out --resolution and --channels.")
        length = settings.window or LENGTH
        if length < 3:
            raise ConfigError(f"{settings.data} has texts of 3 tokens or more: use --window 3 or more.")
        texts = tokens(TEXTS, length)
        kind = Tokens(length, PIECES)
        return Dataset({"text": texts}, fingerprint(texts, None), settings.data, kinds={"text": kind})


def tokens(texts: int, length: int) -> np.ndarray:
    """Texts as numbers of their pieces, [texts, length] uint16."""
    draw = numpy_generator(SEED, "recall", length)
    symbols = draw.integers(SYMBOLS, size=(texts, 1))
    noise = draw.integers(SYMBOLS, SYMBOLS + NOISE, size=(texts, length - 3))
    marks = np.full((texts, 1), SYMBOLS + NOISE)
    return np.concatenate((symbols, noise, marks, symbols), 1).astype(np.uint16)


WORLD = Recall()
