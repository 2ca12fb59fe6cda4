"""Patches put together from a dictionary that is known: three of 40 atoms each, with a little noise.

The usual test of dictionary learning, as in Aharon et al. 2006, doi:10.1109/TSP.2006.881199, section V.
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

ATOMS, SIDE, ACTIVE = 40, 5, 3
PATCHES = 10_000
SMALLEST, LARGEST = 0.5, 1.5
"""size of an active atom's factor, of either sign"""
NOISE = 0.01
"""standard deviation of the noise on each pixel"""


def planted_atoms(seed: int = SEED) -> np.ndarray:
    """The atoms: random directions of unit length, float64 [40, 25]."""
    atoms = numpy_generator(seed, "planted atoms").standard_normal((ATOMS, SIDE * SIDE))
    return np.asarray(atoms / np.linalg.norm(atoms, axis=1, keepdims=True))


def planted(n: int, seed: int = SEED) -> np.ndarray:
    """`n` patches, float32 [n, 1, 5, 5]; a function of (n, seed) alone."""
    draw = numpy_generator(seed, "planted")
    codes = np.zeros((n, ATOMS))
    chosen = draw.random((n, ATOMS)).argsort(1)[:, :ACTIVE]
    factors = draw.uniform(SMALLEST, LARGEST, chosen.shape) * draw.choice([-1.0, 1.0], chosen.shape)
    np.put_along_axis(codes, chosen, factors, 1)
    patches = codes @ planted_atoms(seed) + NOISE * draw.standard_normal((n, SIDE * SIDE))
    return np.asarray(patches, np.float32).reshape(n, 1, SIDE, SIDE)


@final
class Planted(World):
    """10,000 patches of 5x5 numbers."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. The patches have one size and one channel."""
        if settings.resolution is not None or settings.channels is not None:
            raise ConfigError(f"{settings.data} has patches of 5x5: leave out --resolution and --channels.")
        patches = planted(PATCHES)
        note = "patches are sums of three of 40 known atoms, with noise"
        return Dataset({"image": patches}, fingerprint(patches, None), settings.data, notes=(note,))


WORLD = Planted()
