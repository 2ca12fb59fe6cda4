"""barsN: bars and stripes of N x N pixels, every pattern as likely as the others. MacKay 2003, Information Theory,
Inference, and Learning Algorithms, section 43.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator

USUAL = 4
IMAGES = 10_000


@final
@dataclass(frozen=True)
class Bars(World):
    """10,000 images of one channel, 0 or 255, whose rows are each of one colour, or whose columns are."""

    side: int

    def patterns(self) -> np.ndarray:
        """All different images: 2^(side + 1) - 2 of them, each as likely as the others.  uint8 [K, 1, side, side]"""
        numbers = np.arange(2**self.side)[:, None] >> np.arange(self.side) & 1
        rows = np.repeat(numbers[:, :, None], self.side, axis=2)
        both = np.concatenate((rows, rows.transpose(0, 2, 1)[1:-1]))  # all black and all white are both at once
        return (both[:, None] * 255).astype(np.uint8)

    @property
    def entropy(self) -> float:
        """Nats of an image: no model needs fewer."""
        return math.log(2 ** (self.side + 1) - 2)

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. The images have one size and one channel."""
        if settings.channels not in (None, 1) or settings.resolution not in (None, self.side):
            raise ConfigError(f"{settings.data} is {self.side}x{self.side}, black and white: leave out the size.")
        patterns = self.patterns()
        images = patterns[numpy_generator(SEED, "bars", self.side).integers(len(patterns), size=IMAGES)]
        return Dataset({"image": images}, fingerprint(images, None), settings.data)


def world(side: int) -> Bars:
    """Bars and stripes. Raises ConfigError for a side that is not from 2 to 8."""
    if not 2 <= side <= 8:
        raise ConfigError(f"world:bars{side} must have a side from 2 to 8, as world:bars4 has.")
    return Bars(side)
