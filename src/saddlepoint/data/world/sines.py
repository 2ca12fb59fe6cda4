"""Sines: series of several waves, each of a frequency, a beginning and a height of its own."""

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
from saddlepoint.kinds.series import Series

SERIES, STEPS, CHANNELS = 5000, 24, 3
_FREQUENCIES = (0.15, 0.5)  # radians a step


@final
class Sines(World):
    """5,000 series of 24 steps (`--window`) of three waves, from -1 to 1."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Series have no pixels."""
        if settings.channels is not None or settings.resolution is not None:
            raise ConfigError(f"{settings.data} has series, not images: leave out --resolution and --channels.")
        values = waves(SERIES, settings.window or STEPS)
        kind = Series(values.shape[1], CHANNELS)
        return Dataset({"series": values}, fingerprint(values, None), settings.data, kinds={"series": kind})


def waves(series: int, steps: int) -> np.ndarray:
    """[series, steps, 3] float32 in [-1, 1]: a sine in each channel, which all begin near nothing and rise."""
    draw = numpy_generator(SEED, "sines")
    frequency = draw.uniform(*_FREQUENCIES, (series, 1, CHANNELS))
    begin = draw.uniform(-0.5, 0.5, (series, 1, CHANNELS))
    return np.sin(frequency * np.arange(steps)[None, :, None] + begin).astype(np.float32)


WORLD = Sines()
