"""Clips of a block that jumps left or right by chance: the probability of each frame is known."""

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
from saddlepoint.kinds.clip import Clip

CLIPS, FRAMES, SIDE, BLOCK = 2000, 8, 8, 2
PLACES = SIDE - BLOCK + 1
"""columns, or rows, that the block may begin in"""


@final
class Jumps(World):
    """2,000 clips of 8 frames (`--window`) of 8x8 pixels: a white block of 2x2 that keeps its row.

    It begins anywhere, and goes a pixel to the left or to the right in each frame, each half of the time; at an edge it
    can only go back.
    """

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. The frames are of one size and grey."""
        if settings.channels is not None or settings.resolution is not None:
            raise ConfigError(f"{settings.data} has clips of 8x8 pixels: leave out --resolution and --channels.")
        rows, columns = places(CLIPS, settings.window or FRAMES)
        clips = drawn(rows, columns)
        kind = Clip(*clips.shape[1:])
        return Dataset({"clip": clips}, fingerprint(clips, None), settings.data, kinds={"clip": kind})


def places(clips: int, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """The row of each block, [clips], and its column in each frame, [clips, frames]."""
    draw = numpy_generator(SEED, "jumps", frames)
    rows, columns = draw.integers(PLACES, size=clips), np.empty((clips, frames), np.int64)
    columns[:, 0] = draw.integers(PLACES, size=clips)
    for frame in range(1, frames):
        before = columns[:, frame - 1]
        step = np.where(draw.random(clips) < 0.5, -1, 1)
        step = np.where(before == 0, 1, np.where(before == PLACES - 1, -1, step))
        columns[:, frame] = before + step
    return rows, columns


def drawn(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Clips as bytes, [clips, frames, 1, 8, 8]."""
    down, across = np.arange(SIDE)[:, None], np.arange(SIDE)
    high = (down >= rows[:, None, None, None]) & (down < rows[:, None, None, None] + BLOCK)
    wide = (across >= columns[:, :, None, None]) & (across < columns[:, :, None, None] + BLOCK)
    return ((high & wide)[:, :, None] * 255).astype(np.uint8)


def frame_log_probabilities(clips: np.ndarray) -> np.ndarray:
    """The true log-probability of each frame of such clips given those before it, in nats.  [N, T]"""
    columns = clips[:, :, 0].any(2).argmax(2)
    before = columns[:, :-1]
    free = (before > 0) & (before < PLACES - 1)
    first = np.full((len(clips), 1), -np.log(PLACES**2))
    return np.concatenate((first, np.where(free, -np.log(2), 0.0)), 1)


WORLD = Jumps()
