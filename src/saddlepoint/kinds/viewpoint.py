"""Viewpoints: cameras that a model may be asked for, of those that it was trained with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.kinds.camera import NUMBERS, looking, pose_of
from saddlepoint.kinds.camera_orbit import centre_of
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.scatter import scatter

_ORBIT = "orbit"  # names cameras once around one thing
_STEEPEST = 89.0  # degrees above the horizon


@final
@dataclass(frozen=True)
class Viewpoint(Kind):
    """[22] float32, as `kinds.camera` has them; known: cameras of the data, one after another."""

    known: tuple[float, ...]

    word: ClassVar[str] = "viewpoints"
    endings: ClassVar[tuple[str, ...]] = (".npy", ".npz")
    condition: ClassVar[bool] = True
    in_words: ClassVar[bool] = True

    @property
    def shape(self) -> tuple[int]:
        """(22,)"""
        return (NUMBERS,)

    def example(self, n: int, seed: int) -> Tensor:
        """The known cameras in turn."""
        known = torch.tensor(self.known).view(-1, NUMBERS)
        return known[(torch.arange(n) + seed) % len(known)]

    def parse(self, text: str) -> Tensor:
        """TURN,HEIGHT in degrees: around the upright axis, and above the horizon; at the known cameras' distance. [22]

        Raises ConfigError for anything else.
        """
        try:
            turn, height = (float(part) for part in text.split(","))
        except ValueError:
            raise ConfigError(
                f"a camera is TURN,HEIGHT in degrees, such as 30,20, or {_ORBIT} for one thing from all around, not"
                f" {text!r}."
            ) from None
        if not math.isfinite(turn) or not abs(height) <= _STEEPEST:
            raise ConfigError(f"a camera's height is from -{_STEEPEST:g} to {_STEEPEST:g} degrees, not {text!r}.")
        return self._around(torch.tensor([math.radians(turn)]), math.radians(height))[0]

    def sequence(self, text: str, n: int) -> Tensor | None:
        """Of the word "orbit" `n` cameras once around, at the mean distance and height of the known ones."""
        if text != _ORBIT:
            return None
        centre, known = self._centre()
        ahead = torch.nn.functional.normalize(pose_of(known)[:, :3, 3] - centre, dim=1)
        height = math.asin(max(-1.0, min(1.0, float(ahead[:, 2].mean()))))
        return self._around(torch.arange(n) / n * 2 * math.pi, height)

    def _centre(self) -> tuple[Tensor, Tensor]:
        """The point that the known cameras look at, [3], and these."""
        known = torch.tensor(self.known).view(-1, NUMBERS)
        try:
            return centre_of(known), known
        except ShapeError:  # all look the same way: at what lies before them
            return torch.zeros(3), known

    def _around(self, turn: Tensor, height: float) -> Tensor:
        """Cameras at the known ones' distance.  Angles in radians [n] and one above the horizon -> [n, 22]"""
        centre, known = self._centre()
        distance = (pose_of(known)[:, :3, 3] - centre).norm(dim=1).mean()
        wide, high = math.cos(height), math.sin(height)
        ahead = torch.stack((turn.cos() * wide, turn.sin() * wide, torch.full_like(turn, high)), 1)
        pose = looking(centre + distance * ahead, centre)
        return torch.cat((pose.flatten(1), known[:1, 16:].expand(len(turn), -1)), 1)

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """Where the cameras stand, from above."""
        return scatter(values[:, [3, 7]])

    def __str__(self) -> str:
        return "a camera as TURN,HEIGHT in degrees"
