"""Tokens of which each depends on the two before it and on chance: their entropy is known exactly."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.tokens import Tokens

TEXTS, LENGTH, SYMBOLS = 10_000, 64, 8
_EVENNESS = 0.3  # of the Dirichlet distribution that the law is drawn from: less is less even


@final
class Markov(World):
    """10,000 texts of 64 tokens (`--window`) of 8 kinds, from a fixed law of the token given the two before it."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Texts have no pixels."""
        if settings.channels is not None or settings.resolution is not None:
            raise ConfigError(f"{settings.data} has texts, not images: leave out --resolution and --channels.")
        texts = tokens(TEXTS, settings.window or LENGTH)
        kind = Tokens(texts.shape[1], tuple(map(str, range(SYMBOLS))))
        return Dataset({"text": texts}, fingerprint(texts, None), settings.data, kinds={"text": kind})


@cache
def law() -> np.ndarray:
    """[8, 8, 8]: the probability of each token given the one two before it and the one before it."""
    drawn: np.ndarray = numpy_generator(SEED, "markov").dirichlet(np.full(SYMBOLS, _EVENNESS), (SYMBOLS, SYMBOLS))
    shares: np.ndarray = (drawn + 1e-3) / (drawn + 1e-3).sum(2, keepdims=True)
    return shares


@cache
def pairs() -> np.ndarray:
    """[8, 8]: how often each pair of tokens occurs in the long run."""
    shares = np.full((SYMBOLS, SYMBOLS), 1 / SYMBOLS**2)
    for _ in range(2000):
        shares = np.einsum("ab,abc->bc", shares, law())
    return shares


def tokens(texts: int, length: int) -> np.ndarray:
    """Texts as numbers of their tokens, [texts, length] uint16; the first two are as in the long run."""
    noise = numpy_generator(SEED, "markov texts", length).random((texts, length))
    rows = np.empty((texts, length), np.int64)
    shares = pairs()
    for place in range(length):
        if place == 0:
            reached = np.broadcast_to(shares.sum(1).cumsum(), (texts, SYMBOLS))
        elif place == 1:
            reached = (shares / shares.sum(1, keepdims=True)).cumsum(1)[rows[:, 0]]
        else:
            reached = law().cumsum(2)[rows[:, place - 2], rows[:, place - 1]]
        rows[:, place] = np.minimum((reached <= noise[:, place : place + 1]).sum(1), SYMBOLS - 1)
    return rows.astype(np.uint16)


def log_probability(texts: np.ndarray) -> np.ndarray:
    """The true log-probability of each text in nats.  [N, L] -> [N]"""
    first: np.ndarray = np.log(pairs())[texts[:, 0], texts[:, 1]]
    later = np.log(law())[texts[:, :-2], texts[:, 1:-1], texts[:, 2:]].sum(1)
    logs: np.ndarray = first + later
    return logs


WORLD = Markov()
