"""Round and pointed shapes that mostly stand before a ground of their own: what is usual and what is so.

19 of 20 round ones stand before black and 19 of 20 pointed ones before white, so the ground names the class with few
faults; whoever learns it so is wrong of just those that stand elsewhere (Sagawa et al. 2020, arXiv:1911.08731, has
water birds on land).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from saddlepoint.data.world import shapes
from saddlepoint.data.world.base import SEED
from saddlepoint.data.world.images import ImageWorld
from saddlepoint.data.world.shapes import BACKGROUNDS, SHAPES, Factors
from saddlepoint.keyed import hashed_uniform

CLASSES, ELSEWHERE = ("round", "pointed"), 0.05
"""classes by number, and the share of images whose ground is that of the other class"""
_DRAWN = (("circle", "ring"), ("triangle", "star"))
_GROUNDS = ("black", "white")


def labels(rows: np.ndarray) -> np.ndarray:
    """The class of each image by number, by a coin: int64 [N]."""
    return (hashed_uniform(rows, SEED, "habitats", "class") < 0.5).astype(np.int64)


def on_white(rows: np.ndarray) -> np.ndarray:
    """Whether each image has the white ground, bool [N]."""
    elsewhere = hashed_uniform(rows, SEED, "habitats", "elsewhere") < ELSEWHERE
    return np.asarray((labels(rows) == 1) != elsewhere)


def scenes(rows: np.ndarray, white: np.ndarray) -> Factors:
    """What images by number show, before the ground that is asked for, bool [N]."""
    second = hashed_uniform(rows, SEED, "habitats", "shape") < 0.5
    names = list(SHAPES)
    drawn = np.array([[names.index(name) for name in pair] for pair in _DRAWN])[labels(rows), second.astype(int)]
    grounds = np.array([list(BACKGROUNDS).index(name) for name in _GROUNDS])[white.astype(int)]
    return replace(shapes.factors(rows, SEED), shape=drawn, background=grounds)


WORLD = ImageWorld(
    render=lambda rows, resolution: shapes.render(scenes(rows, on_white(rows)), resolution),
    labels=labels,
    classes=CLASSES,
    attributes=lambda rows: on_white(rows)[:, None].astype(np.uint8),
    attribute_names=("on_white",),
)
