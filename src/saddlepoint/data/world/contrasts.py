"""Pairs: three contrasts of a section, as channels of one image, and a fourth contrast of the same section.

Six tissues, one for each shape, lie in a rounded organ. In the first three contrasts they share their shades, two and
two, so that no pixel alone tells the fourth, where each has a shade of its own; the form tells them apart.
"""

from __future__ import annotations

import numpy as np

from saddlepoint.data.world.forms import side_by_side
from saddlepoint.data.world.light import as_bytes
from saddlepoint.data.world.shapes import Factors, coverage, distances

_GIVEN = np.array([(200, 60, 120), (200, 60, 120), (90, 200, 160), (90, 200, 160), (150, 130, 60), (150, 130, 60)])
_WANTED = np.array([40, 230, 190, 70, 110, 255])
_ORGAN = np.array([120, 150, 90])


def _inside(scenes: Factors, resolution: int) -> tuple[np.ndarray, np.ndarray]:
    """How much of each pixel the organ and the tissue cover.  [N, 1, H, W] each"""
    place = (2 * np.arange(resolution, dtype=np.float32) + 1) / resolution - 1
    organ = np.sqrt((place[:, None] / 0.98) ** 2 + (place / 0.9) ** 2) - 1
    organ = np.broadcast_to(organ[None], (len(scenes.shape), resolution, resolution))
    return coverage(organ)[:, None], coverage(distances(scenes, resolution))[:, None]


def _given(scenes: Factors, resolution: int) -> np.ndarray:
    organ, tissue = _inside(scenes, resolution)
    back = _ORGAN[None, :, None, None] * organ
    return as_bytes(back + (_GIVEN[scenes.shape][:, :, None, None] - back) * tissue)


def _wanted(scenes: Factors, resolution: int) -> np.ndarray:
    organ, tissue = _inside(scenes, resolution)
    back = 140 * organ
    shade = _WANTED[scenes.shape][:, None, None, None]
    return as_bytes(np.repeat(back + (shade - back) * tissue, 3, 1))


WORLD = side_by_side(_given, _wanted)
