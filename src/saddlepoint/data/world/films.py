"""Pairs of clips: label maps of a moving shape, and the scene under a light; what moves and how is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world.base import SEED, World
from saddlepoint.data.world.clips import stories
from saddlepoint.data.world.labels import _label_map
from saddlepoint.data.world.light import lit_by_shape
from saddlepoint.data.world.shapes import painted
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.clip import Clip

FILMS, FRAMES, RESOLUTION = 1_000, 6, 16


@final
class Films(World):
    """1,000 pairs of clips of 6 frames (`--window`) of 16x16 pixels in colour."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. The frames are squares."""
        height, width = settings.size or (RESOLUTION, RESOLUTION)
        if height != width:
            raise ConfigError(f"{settings.data} has square frames: use --resolution {min(height, width)}.")
        frames = settings.window or FRAMES
        scenes = stories(np.arange(FILMS), SEED).scenes(frames)
        source, target = (
            painted(scenes, height, paint).reshape(FILMS, frames, 3, height, width)
            for paint in (_label_map, lit_by_shape)
        )
        kinds = {name: Clip(*source.shape[1:]) for name in ("source", "target")}
        name = fingerprint(target, None)
        return Dataset({"source": source, "target": target}, name, settings.data, kinds=kinds)


WORLD = Films()
