"""Series whose every step depends on the one sixteen steps before it and on chance: their entropy is known exactly."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import final

import numpy as np
from scipy.stats import norm

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.series import Series

SERIES, STEPS, LAG, LEVELS = 2000, 128, 16, 32
_PULL, _DEVIATION = 0.9, 2.0


@final
class Lag(World):
    """2,000 series of 128 steps (`--window`) on 32 even levels from -1 to 1.

    A step is .9 times the one sixteen steps before it, plus N(0, 4), rounded to a level (and cut to -16 ... 15). Any
    step beside it tells next to nothing, so a short context is no better than none.
    """

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Series have no pixels."""
        if settings.channels is not None or settings.resolution is not None:
            raise ConfigError(f"{settings.data} has series, not images: leave out --resolution and --channels.")
        numbers = levels(SERIES, settings.window or STEPS)
        series = (numbers.astype(np.float32) / (LEVELS - 1) * 2 - 1)[:, :, None]
        kind = Series(series.shape[1], 1)
        return Dataset({"series": series}, fingerprint(series, None), settings.data, kinds={"series": kind})


@cache
def transition() -> np.ndarray:
    """[32, 32]: the probability of each level given the one a lag before."""
    places = np.arange(LEVELS) - LEVELS // 2
    edges = np.concatenate(([-np.inf], places[1:] - 0.5, [np.inf]))
    below = norm.cdf((edges[None] - _PULL * places[:, None]) / _DEVIATION)
    steps: np.ndarray = np.diff(below, axis=1)
    return steps


@cache
def stationary() -> np.ndarray:
    """[32]: how often each level occurs in the long run."""
    power: np.ndarray = np.linalg.matrix_power(transition(), 4096)[0]
    shares: np.ndarray = power / power.sum()
    return shares


def levels(series: int, steps: int) -> np.ndarray:
    """Series on their levels, int64 [series, steps]; the first sixteen steps are as in the long run."""
    noise = numpy_generator(SEED, "lag", steps).random((series, steps))
    first, later = stationary().cumsum(), transition().cumsum(1)
    numbers = np.empty((series, steps), np.int64)
    for step in range(steps):
        reached = np.broadcast_to(first, (series, LEVELS)) if step < LAG else later[numbers[:, step - LAG]]
        numbers[:, step] = np.minimum((reached <= noise[:, step : step + 1]).sum(1), LEVELS - 1)
    return numbers


def log_probability(numbers: np.ndarray) -> np.ndarray:
    """The true log-probability of each series on its levels, in nats.  [N, T] -> [N]"""
    first = np.log(stationary())[numbers[:, :LAG]].sum(1)
    later: np.ndarray = first + np.log(np.maximum(transition(), 1e-300))[numbers[:, :-LAG], numbers[:, LAG:]].sum(1)
    return later


WORLD = Lag()
