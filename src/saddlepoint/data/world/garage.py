"""Toy cars of every colour, each by several views with their cameras; on white.

What is learnt of some is asked of others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np
import torch
from torch import Tensor

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world import toys
from saddlepoint.data.world.base import SEED, World
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.rig import Rig
from saddlepoint.kinds.views import Views

CARS, VIEWS = 600, 8
RESOLUTION = 32


@final
class Garage(World):
    """600 cars with eight views each, 32 pixels a side by default, from all around and 10 to 50 degrees above."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. Views are in colour and square."""
        if settings.channels not in (None, 3):
            raise ConfigError(f"{settings.data} is in colour: leave out --channels.")
        side = settings.resolution or RESOLUTION
        if not isinstance(side, int) or not 8 <= side <= 128:
            raise ConfigError(f"{settings.data} has 8 to 128 pixels a side, not {side}.")
        images, cameras = cars(np.arange(CARS), side)
        pixels = (images * 255).round().to(torch.uint8).numpy()
        kinds = {"views": Views(VIEWS, 3, side, side), "rig": Rig(VIEWS)}
        fields = {"views": pixels, "rig": cameras.numpy()}
        return Dataset(fields, fingerprint(pixels, None), settings.data, kinds=kinds)


def cars(rows: np.ndarray, side: int) -> tuple[Tensor, Tensor]:
    """Views of the cars of these rows, [n, 8, 3, side, side] in [0, 1], and their cameras, [n, 8, 22]."""
    chance = np.stack([numpy_generator(SEED, "garage cameras", row).random((VIEWS, 2)) for row in rows.tolist()])
    cameras = toys.cameras(chance.reshape(-1, 2), side)
    images = toys.views(np.repeat(rows, VIEWS), cameras)
    return images.unflatten(0, (-1, VIEWS)), cameras.unflatten(0, (-1, VIEWS))


WORLD = Garage()
