"""Solids as a scanner returns them: the bodies of world:solids as clouds with holes, noise, and points of nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.data.world.bodies import CLASSES, body, cloud
from saddlepoint.data.world.solids import POINTS, SHAPES, refuse_sizes
from saddlepoint.keyed import numpy_generator

STRAYS = 13
"""points of a cloud that lie anywhere in its box, as reflections do"""
_DENSE = 4 * POINTS  # points that holes are cut out of
_HOLES = 2
_HOLE = (0.08, 0.16)  # share of the dense points that a hole takes
_NOISE = 0.04  # of each place, in units of the largest half side: twice that of world:solids


@final
class Scans(World):
    """2,400 clouds of 256 points, of eight classes in turn, each of two holes, more noise, and 13 stray points."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World."""
        refuse_sizes(settings, "clouds of 256 points")
        clouds = np.stack([scan(row) for row in range(SHAPES)])
        labels = np.arange(SHAPES) % len(CLASSES)
        return Dataset({"cloud": clouds, "label": labels}, fingerprint(clouds, labels), settings.data, classes=CLASSES)


def scan(row: int) -> np.ndarray:
    """Cloud number `row`, of the same body as in world:solids: float32 [256, 3]."""
    draw = numpy_generator(SEED, "scan", row)
    places = cloud(body(row), _DENSE, draw)
    for _ in range(_HOLES):
        middle = places[draw.integers(len(places))]
        order = np.argsort(np.linalg.norm(places - middle, axis=1))
        places = places[np.sort(order[round(draw.uniform(*_HOLE) * _DENSE) :])]
    kept = places[draw.choice(len(places), POINTS - STRAYS, replace=False)]
    kept = kept + draw.normal(0, _NOISE, kept.shape)
    strays = draw.uniform(kept.min(0), kept.max(0), (STRAYS, 3))
    return draw.permutation(np.concatenate((kept, strays))).astype(np.float32)


WORLD = Scans()
