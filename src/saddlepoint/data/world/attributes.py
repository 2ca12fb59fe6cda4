"""What is so of a scene and what is not: attributes that follow from its known factors."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from saddlepoint.data.world import shapes
from saddlepoint.data.world.base import SEED
from saddlepoint.data.world.images import ImageWorld
from saddlepoint.data.world.shapes import BACKGROUNDS, COLOURS, RADII, SHAPES, Factors, factors


def _among(table: Mapping[str, object], *names: str) -> list[int]:
    return [place for place, name in enumerate(table) if name in names]


ATTRIBUTES: Mapping[str, Callable[[Factors], np.ndarray]] = {
    "round": lambda scenes: np.isin(scenes.shape, _among(SHAPES, "circle", "ring")),
    "pointed": lambda scenes: np.isin(scenes.shape, _among(SHAPES, "triangle", "star")),
    "warm": lambda scenes: np.isin(scenes.colour, _among(COLOURS, "red", "orange", "yellow", "pink")),
    "large": lambda scenes: scenes.size > sum(RADII) / 2,
    "left": lambda scenes: scenes.x < 0,
    "high": lambda scenes: scenes.y < 0,
    "on_white": lambda scenes: np.isin(scenes.background, _among(BACKGROUNDS, "white")),
}
"""By name: whether it holds, bool [N], of factors."""


def attributes(scenes: Factors) -> np.ndarray:
    """Each attribute of each scene, in the order of `ATTRIBUTES`: uint8 [N, K], 1 where it holds."""
    return np.stack([holds(scenes) for holds in ATTRIBUTES.values()], 1).astype(np.uint8)


WORLD = ImageWorld(
    render=shapes.WORLD.render,
    attributes=lambda rows: attributes(factors(rows, SEED)),
    attribute_names=tuple(ATTRIBUTES),
)
