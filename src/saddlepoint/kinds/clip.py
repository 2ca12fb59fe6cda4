"""Clips: short moving pictures, all of one size and number of frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Change, Kind
from saddlepoint.kinds.moving import first_frames, gif, mp4
from saddlepoint.kinds.pictures import grid
from saddlepoint.kinds.pixels import to_uint8

_SHOWN = 16
"""frames of a clip in a strip"""
_SIDE = 64
"""pixels that a frame is at least wide or high in a file that a person looks at"""
_RATE = 8.0


@final
@dataclass(frozen=True)
class Clip(Kind):
    """[T, C, H, W] float32 in [-1, 1], stored as bytes. rate: frames a second; 0 where that is not known."""

    word: ClassVar[str] = "clips"
    endings: ClassVar[tuple[str, ...]] = (".gif", ".mp4", ".npy", ".npz")
    sheets: ClassVar[tuple[str, ...]] = (".png", ".gif", ".mp4")
    mirrors: ClassVar[bool] = True

    frames: int
    channels: int
    height: int
    width: int
    rate: float = 0.0

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(T, C, H, W)"""
        return self.frames, self.channels, self.height, self.width

    @property
    def layout(self) -> str:
        """As networks take them."""
        return "[batch, time, channels, height, width] in [-1, 1]: (byte - 127.5) / 127.5"

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N, T, C, H, W] of bytes, in grey or colour."""
        fits = array.ndim == 5 and array.dtype == np.uint8 and array.shape[2] in (1, 3)
        return cls(*array.shape[1:]) if fits else None

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """[N, T, C, H, W] in [-1, 1]; all frames of a clip are mirrored alike."""
        if change.flip is not None:
            stored = torch.where(change.flip.view(-1, 1, 1, 1, 1), stored.flip(-1), stored)
        return stored.float() / 127.5 - 1

    def example(self, n: int, seed: int) -> Tensor:
        """A light square that moves over dark ground."""
        stream = generator(seed, "example clip", n)
        start, speed = (torch.rand(n, 1, 2, generator=stream) for _ in range(2))
        place = (start + (speed - 0.5) * torch.linspace(0, 1, self.frames).view(1, -1, 1)) * 2 - 1  # [n, T, 2]
        down = torch.linspace(-1, 1, self.height).view(1, 1, -1, 1) - place[..., :1, None]
        across = torch.linspace(-1, 1, self.width).view(1, 1, 1, -1) - place[..., 1:, None]
        inside = (down.abs() < 0.3) & (across.abs() < 0.3)
        return (inside.float() * 2 - 1)[:, :, None].expand(n, *self.shape).contiguous()

    def parse(self, text: str) -> Tensor:
        """The path of a GIF or MP4 of this size, or whole times as large: its first frames; of a shorter one the last
        frame stays.  [T, C, H, W]"""
        if self.channels not in (1, 3):
            raise ConfigError(f"{self} cannot be read from a file: give a tensor from Python.")
        mode = "L" if self.channels == 1 else "RGB"
        frames = [np.asarray(frame.convert(mode)) for frame in first_frames(text, self.frames)]
        height, width = frames[0].shape[:2]
        times = height // self.height
        if times < 1 or (height, width) != (times * self.height, times * self.width):
            size = f"{self.width}x{self.height}"
            raise ConfigError(f"{text} is {width}x{height} pixels; give a film of {size}, or whole times as large.")
        frames += frames[-1:] * (self.frames - len(frames))
        stored = torch.from_numpy(np.stack(frames).reshape(self.frames, height, width, self.channels))
        middle = times // 2  # of the pixels that one was enlarged to
        return stored[:, middle::times, middle::times].permute(0, 3, 1, 2).float() / 127.5 - 1

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """A row of frames for each clip, at most 16 of them; frames of a longer one stand evenly apart."""
        chosen = torch.linspace(0, values.shape[1] - 1, min(values.shape[1], _SHOWN)).round().long()
        shown = values[:, chosen.to(values.device)]
        return grid(shown.flatten(0, 1), columns=len(chosen))

    def write(self, value: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """A moving picture, enlarged to 64 pixels where it is smaller, or numpy's own forms."""
        if path.suffix in (".gif", ".mp4"):
            self._write_moving(_enlarged(value), path, facts)
        else:
            super().write(value, path, facts)

    def write_sheet(self, values: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """The clips side by side in one moving picture."""
        if path.suffix not in (".gif", ".mp4"):
            raise self.unknown_ending(path)
        frames = (grid(values[:, time]).convert("RGB") for time in range(values.shape[1]))
        self._write_moving(frames, path, facts)

    def _write_moving(self, frames: Iterable[Pillow.Image], path: Path, facts: Mapping[str, str]) -> None:
        caption, rate = "; ".join(f"{name}: {text}" for name, text in facts.items()), self.rate or _RATE
        content = gif(frames, rate, caption) if path.suffix == ".gif" else mp4(frames, max(1, round(rate)), caption)
        path.write_bytes(content)

    def __str__(self) -> str:
        shade = {1: "grey", 3: "colour"}.get(self.channels, f"{self.channels}-channel")
        return f"{shade} clips of {self.frames} frames of {self.width}x{self.height} pixels"


def _enlarged(clip: Tensor) -> Iterable[Pillow.Image]:
    """Frames [T, C, H, W] as pictures of whole times their size."""
    times = max(1, -(-_SIDE // max(clip.shape[2:])))
    whole = to_uint8(clip[:, : 3 if clip.shape[1] >= 3 else 1]).permute(0, 2, 3, 1).numpy()
    for frame in whole.repeat(times, 1).repeat(times, 2):
        yield Pillow.fromarray(frame.squeeze(2) if frame.shape[2] == 1 else frame)
