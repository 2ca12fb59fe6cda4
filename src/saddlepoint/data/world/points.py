"""Worlds of points in one or two dimensions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.errors import ConfigError

POINTS = 100_000


class PointWorld(World):
    """100,000 points of a known distribution."""

    classes: tuple[str, ...] = ()
    """names of the modes"""

    @abstractmethod
    def sample(self, n: int, seed: int) -> tuple[np.ndarray, np.ndarray | None]:
        """`n` points, float32 [n, D], and the mode of each, int64 [n], or None where there are no modes.

        A function of (n, seed) alone.
        """

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Points have no resolution and no channels."""
        if settings.resolution is not None or settings.channels is not None:
            raise ConfigError(f"{settings.data} has points, not images: leave out --resolution and --channels.")
        points, modes = self.sample(POINTS, SEED)
        fields = {"image": points} if modes is None else {"image": points, "label": modes}
        return Dataset(fields, fingerprint(points, modes), settings.data, self.classes)
