"""Toy heads by several views with their cameras, each view with an expression of its own; on white.

An expression is three numbers from -1 to 1: how far the mouth is open, how wide it is, and how high the brows are.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable
from typing import final

import numpy as np
import torch
from torch import Tensor

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.data.world.blocks import Part, drawn
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.camera import orbit
from saddlepoint.kinds.expression import Expression
from saddlepoint.kinds.rig import Rig
from saddlepoint.kinds.views import Views

HEADS, VIEWS, NUMBERS = 500, 8, 3
RESOLUTION = 32
DISTANCE, FOCAL = 3.0, 1.9
_TURN = 60  # degrees to either side of the face at which cameras stand
_TOGETHER = 50  # views that are drawn at once


@final
class Heads(World):
    """500 heads with eight views each, 32 pixels a side by default, from before them and to both sides."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Views are in colour and square."""
        if settings.channels not in (None, 3):
            raise ConfigError(f"{settings.data} is in colour: leave out --channels.")
        side = settings.resolution or RESOLUTION
        if not isinstance(side, int) or not 8 <= side <= 128:
            raise ConfigError(f"{settings.data} has 8 to 128 pixels a side, not {side}.")
        images, cameras, expressions = heads(np.arange(HEADS), side)
        pixels = (images * 255).round().to(torch.uint8).numpy()
        fields = {"views": pixels, "rig": cameras.numpy(), "expressions": expressions.numpy()}
        kinds = {"views": Views(VIEWS, 3, side, side), "rig": Rig(VIEWS), "expressions": Expression(NUMBERS, VIEWS)}
        return Dataset(fields, fingerprint(pixels, None), settings.data, kinds=kinds)


def heads(rows: np.ndarray, side: int) -> tuple[Tensor, Tensor, Tensor]:
    """Views of the heads of these rows, [n, 8, 3, side, side] in [0, 1]; cameras [n, 8, 22]; expressions [n, 8, 3]."""
    each = [numpy_generator(SEED, "head views", row).random((VIEWS, 2 + NUMBERS)) for row in rows.tolist()]
    chance = torch.from_numpy(np.stack(each)).float()
    turn = (chance[..., 0] * 2 - 1) * math.radians(_TURN)
    lift = (chance[..., 1] - 0.3) * math.radians(40)
    cameras = orbit(turn.flatten(), lift.flatten(), DISTANCE, FOCAL * side, side).unflatten(0, (-1, VIEWS))
    expressions = chance[..., 2:] * 2 - 1
    images = views(np.repeat(rows, VIEWS), cameras.flatten(0, 1), expressions.flatten(0, 1))
    return images.unflatten(0, (-1, VIEWS)), cameras, expressions


def views(rows: np.ndarray, camera: Tensor, expression: Tensor) -> Tensor:
    """What each camera [n, 22] sees of the head of its row [n] with an expression [n, 3].  [n, 3, side, side]"""
    parts = []
    for begin in range(0, len(rows), _TOGETHER):
        part = slice(begin, begin + _TOGETHER)
        parts.append(drawn(*_head(rows[part], expression[part]), camera[part]))
    return torch.cat(parts)


def _head(rows: np.ndarray, expression: Tensor) -> tuple[list[Part], list[Part]]:
    """Boxes and balls of heads that look along x, z up."""
    chance = np.stack([numpy_generator(SEED, "head", row).random(6) for row in rows.tolist()])
    skin, hair, broad, eyes, tall, shade = torch.from_numpy(chance).float().unbind(1)
    opened, wide, brows = ((expression + 1) / 2).unbind(1)
    zero, n = torch.zeros_like(skin), len(rows)

    def at(x: Tensor | float, y: Tensor | float, z: Tensor | float) -> Tensor:
        return torch.stack([zero + value for value in (x, y, z)], 1)

    def paint(hue: Tensor, grey: Tensor) -> Tensor:
        return torch.tensor([colorsys.hsv_to_rgb(h, 0.7, v) for h, v in zip(hue.tolist(), grey.tolist())])

    face, mane = paint(skin, 0.75 + 0.2 * shade), paint(hair, 0.3 + 0.3 * shade)
    white, dark, red = (
        torch.tensor(each).expand(n, 3) for each in ((0.97, 0.97, 0.97), (0.1, 0.1, 0.1), (0.5, 0.05, 0.1))
    )
    size = 0.5 + 0.06 * broad
    apart, height = 0.17 + 0.05 * eyes, 0.12 + 0.04 * tall
    mouth = (at(size - 0.04, 0, -0.22), at(0.07, 0.09 + 0.12 * wide, 0.02 + 0.11 * opened), red)
    cap = (at(-0.12, 0, 0.42 + 0.05 * tall), at(0.42, 0.45, 0.14), mane)
    lines = [
        (at(size - 0.03, side * apart, height + 0.13 + 0.1 * brows), at(0.05, 0.09, 0.025), dark) for side in (-1, 1)
    ]
    balls = [(at(0, 0, 0), size, face)]
    for side in (-1, 1):
        balls.append((at(size - 0.1, side * apart, height), zero + 0.11, white))
        balls.append((at(size - 0.01, side * apart, height), zero + 0.05, dark))
    return [mouth, cap, *lines], balls


WORLD = Heads()
