"""Texts of a recurrent network whose weights are drawn once: what a text GAN writes can be asked of it. Yu et al. 2017,
arXiv:1609.05473, section 4.1.

The network is an LSTM of 32 numbers with an embedding of 32, all of its weights from N(0, 1); the paper's has 5,000
tokens and texts of 20, this one 50 tokens and texts of 10 (`--window`).
"""

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

TEXTS, LENGTH, SYMBOLS = 10_000, 10, 50
_WIDTH = 32
State = tuple[np.ndarray, np.ndarray]
"""hidden numbers and cell, [N, 32] each"""


@final
class Oracle(World):
    """10,000 texts of 10 tokens (`--window`) of 50 kinds, from a fixed recurrent network."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Texts have no pixels."""
        if settings.channels is not None or settings.resolution is not None:
            raise ConfigError(f"{settings.data} has texts, not images: leave out --resolution and --channels.")
        texts = tokens(TEXTS, settings.window or LENGTH)
        kind = Tokens(texts.shape[1], tuple(map(str, range(SYMBOLS))))
        return Dataset({"text": texts}, fingerprint(texts, None), settings.data, kinds={"text": kind})


@cache
def weights() -> dict[str, np.ndarray]:
    """Of the network: embedding [51, 32], the gates from input and state [32, 128] each, their bias, and the output.

    The last row of the embedding stands before the first token.
    """
    draw = numpy_generator(SEED, "oracle")
    shapes = {
        "embedding": (SYMBOLS + 1, _WIDTH),
        "input": (_WIDTH, 4 * _WIDTH),
        "state": (_WIDTH, 4 * _WIDTH),
        "bias": (4 * _WIDTH,),
        "output": (_WIDTH, SYMBOLS),
    }
    return {name: draw.standard_normal(shape) for name, shape in shapes.items()}


def step(before: np.ndarray, state: State) -> tuple[np.ndarray, State]:
    """The law of the next token after one more, [N, 50], and the state. before: [N], 50 before the first."""
    hidden, cell = state
    own = weights()
    sums = own["embedding"][before] @ own["input"] + hidden @ own["state"] + own["bias"]
    inward, keep, outward, content = np.split(sums, 4, 1)
    cell = _sigmoid(keep) * cell + _sigmoid(inward) * np.tanh(content)
    hidden = _sigmoid(outward) * np.tanh(cell)
    scores = hidden @ own["output"]
    shares = np.exp(scores - scores.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True), (hidden, cell)


def begin(count: int) -> State:
    """The state before the first token."""
    return np.zeros((count, _WIDTH)), np.zeros((count, _WIDTH))


@cache
def tokens(texts: int, length: int) -> np.ndarray:
    """Texts as numbers of their tokens, [texts, length] uint16."""
    noise = numpy_generator(SEED, "oracle texts", length).random((texts, length))
    rows, before, state = np.empty((texts, length), np.uint16), np.full(texts, SYMBOLS), begin(texts)
    for place in range(length):
        shares, state = step(before, state)
        before = np.minimum((shares.cumsum(1) <= noise[:, place : place + 1]).sum(1), SYMBOLS - 1)
        rows[:, place] = before
    return rows


def log_probability(texts: np.ndarray) -> np.ndarray:
    """The network's own log-probability of each text in nats.  [N, L] -> [N]"""
    before, state, total = np.full(len(texts), SYMBOLS), begin(len(texts)), np.zeros(len(texts))
    for place in range(texts.shape[1]):
        shares, state = step(before, state)
        before = texts[:, place].astype(np.int64)
        total += np.log(np.maximum(shares[np.arange(len(texts)), before], 1e-300))
    return total


def _sigmoid(values: np.ndarray) -> np.ndarray:
    shares: np.ndarray = 1 / (1 + np.exp(-values))
    return shares


WORLD = Oracle()
