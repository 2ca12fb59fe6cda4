"""Clips of a coloured shape in motion: what moves and how it moves are known, and independent of each other.

A shape of one colour circles, swings from side to side, swings up and down, or turns on the spot, at one of two speeds
and from any moment of its path. Any frame shows the same picture at every resolution.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.world import shapes
from saddlepoint.data.world.base import SEED, World
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import hashed_uniform
from saddlepoint.kinds.clip import Clip

CLIPS, FRAMES, RESOLUTION = 1000, 16, 32
MOTIONS = ("circle", "swing", "bounce", "turn")
"""around the middle; from side to side; up and down; on the spot"""
PERIODS = (8, 16)
"""frames of a whole motion"""
RADIUS, SWAY = 0.42, 0.5
"""of the circle around the shape, and how far its centre leaves the middle, where a frame spans [-1, 1]"""
_GREY = np.array((0.299, 0.587, 0.114), np.float32)  # ITU-R BT.601


@dataclass(frozen=True, eq=False)
class Story:
    """What each clip shows; all arrays [N].

    motion, period: int64, indices into MOTIONS and PERIODS. phase: of the motion in the first frame, radians in
    [0, 2 pi). content: shape, colour and what else stays; its x, y and rotation are those without a motion.
    """

    motion: np.ndarray
    period: np.ndarray
    phase: np.ndarray
    content: shapes.Factors

    def scenes(self, frames: int) -> shapes.Factors:
        """What each frame of each clip shows, clip by clip: arrays [N * frames]."""
        angle = self.phase[:, None] + 2 * math.pi * np.arange(frames) / np.array(PERIODS)[self.period][:, None]
        motion = self.motion[:, None]
        across, down, turn = (np.isin(motion, [MOTIONS.index(name) for name in names])
                              for names in (("circle", "swing"), ("circle", "bounce"), ("turn",)))  # fmt: skip
        moved = {
            "x": SWAY * np.cos(angle) * across,
            "y": SWAY * np.sin(angle) * down,
            "rotation": (self.content.rotation[:, None] + angle * turn) % (2 * math.pi),
        }
        names = shapes.Factors.__dataclass_fields__
        still = {name: np.repeat(getattr(self.content, name), frames) for name in names}
        return shapes.Factors(**{**still, **{name: values.reshape(-1) for name, values in moved.items()}})


@final
class Clips(World):
    """1,000 clips of 16 frames (`--window`) of 32x32 pixels in colour; the classes are the motions."""

    def dataset(self, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
        """See World. The frames are squares."""
        height, width = settings.size or (RESOLUTION, RESOLUTION)
        if height != width:
            raise ConfigError(f"{settings.data} has square frames: use --resolution {min(height, width)}.")
        story = stories(np.arange(CLIPS), SEED)
        clips = render(story, settings.window or FRAMES, height)
        if settings.channels == 1:
            clips = np.rint(np.einsum("ntchw,c->nthw", clips, _GREY))[:, :, None].astype(np.uint8)
        kinds = {"clip": Clip(*clips.shape[1:])}
        name = fingerprint(clips, story.motion)
        return Dataset({"clip": clips, "label": story.motion}, name, settings.data, classes=MOTIONS, kinds=kinds)


def stories(index: np.ndarray, seed: int = 0) -> Story:
    """What clips number `index` (integers, [N]) show; clip i depends on (seed, i) alone.

    Shapes that look alike when they are turned do not turn: no circle and no ring on the spot.
    """
    motion, period, phase, turned = (
        hashed_uniform(index, seed, "clips", name) for name in ("motion", "period", "phase", "turned")
    )
    motion = (motion * len(MOTIONS)).astype(np.int64)
    content = replace(
        shapes.factors(index, seed),
        background=np.zeros(len(index), np.int64),
        size=np.full(len(index), RADIUS),
        x=np.zeros(len(index)),
        y=np.zeros(len(index)),
    )
    names = list(shapes.SHAPES)
    angular = np.array([names.index(name) for name in ("square", "cross", "triangle", "star")])
    turns = motion == MOTIONS.index("turn")
    content = replace(content, shape=np.where(turns, angular[(turned * len(angular)).astype(np.int64)], content.shape))
    return Story(motion, (period * len(PERIODS)).astype(np.int64), 2 * math.pi * phase, content)


def render(story: Story, frames: int, resolution: int) -> np.ndarray:
    """The clips of these stories, uint8 [N, frames, 3, resolution, resolution]."""
    flat = shapes.render(story.scenes(frames), resolution)
    return flat.reshape(len(story.motion), frames, *flat.shape[1:])


WORLD = Clips()
