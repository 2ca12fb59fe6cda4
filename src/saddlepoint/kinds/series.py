"""Series: numbers that follow one another in time, such as measurements, prices or sound."""

from __future__ import annotations

import csv
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self, final

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Change, Kind
from saddlepoint.kinds.plot import curves

_GAP, _GREY = 2, (64, 64, 64)


@final
@dataclass(frozen=True)
class Series(Kind):
    """[T, C] float32, which the networks see with each channel's `low` to `high` as -1 to 1.

    rate: steps a second, of sound; 0 where that is not known. low, high: of each channel, in the unit of the files;
    empty where the values are in [-1, 1] already. What a model makes is written in that unit.
    """

    word: ClassVar[str] = "sequences"
    endings: ClassVar[tuple[str, ...]] = (".csv", ".npy", ".npz", ".wav")

    steps: int
    channels: int
    rate: float = 0.0
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """(T, C)"""
        return self.steps, self.channels

    @property
    def layout(self) -> str:
        """As networks take them."""
        spans = [f"{low:g} to {high:g}" for low, high in zip(self.low, self.high)]
        return f"[batch, time, channels] in [-1, 1]{': ' + ', '.join(spans[:8]) if spans else ''}"

    @property
    def ending(self) -> str:
        """A sound is heard, other series are read."""
        return ".wav" if self.rate else ".csv"

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """[N, T, C] of floating numbers, each channel from its lowest to its highest."""
        if array.ndim != 3 or not np.issubdtype(array.dtype, np.floating) or not array.size:
            return None
        return cls(array.shape[1], array.shape[2], 0.0, *spans(array.min((0, 1)), array.max((0, 1))))

    def shown(self, stored: Tensor, change: Change) -> Tensor:
        """[N, T, C] in [-1, 1]"""
        values = stored.float()
        if not self.low:
            return values
        low, high = (torch.tensor(ends, device=values.device) for ends in (self.low, self.high))
        return (values - low) / (high - low) * 2 - 1

    def stored(self, values: Tensor) -> Tensor:
        """Values in [-1, 1], [..., C], in the unit of the files: the inverse of `shown`."""
        if not self.low:
            return values
        low, high = (torch.tensor(ends, device=values.device) for ends in (self.low, self.high))
        return (values + 1) / 2 * (high - low) + low

    def example(self, n: int, seed: int) -> Tensor:
        """Waves of a random length and beginning for each channel."""
        stream = generator(seed, "example series", n)
        turns, start, height = (torch.rand(n, 1, self.channels, generator=stream) for _ in range(3))
        time = torch.linspace(0, 1, self.steps).view(1, -1, 1)
        return (0.2 + 0.8 * height) * torch.sin(2 * math.pi * ((1 + 4 * turns) * time + start))

    def picture(self, values: Tensor, columns: int | None = None) -> Pillow.Image:
        """A curve for each channel, in the range that the networks see; 64 series at most."""
        tiles = [curves(row, -1.0, 1.0) for row in values[:64]]
        columns = columns or max(1, min(4, round(math.sqrt(len(tiles) / 2))))
        width, height = tiles[0].width + _GAP, tiles[0].height + _GAP
        canvas = Pillow.new("RGB", (columns * width + _GAP, -(-len(tiles) // columns) * height + _GAP), _GREY)
        for place, tile in enumerate(tiles):
            canvas.paste(tile, (_GAP + place % columns * width, _GAP + place // columns * height))
        return canvas

    def write(self, value: Tensor, path: Path, facts: Mapping[str, str]) -> None:
        """A row of numbers a step under comment lines with the facts, a sound of 16 bits, or numpy's own forms."""
        values = self.stored(value.detach().float().cpu())
        if path.suffix == ".wav":
            path.write_bytes(wave(value.detach().float().cpu(), round(self.rate) or 16_000, facts))
        elif path.suffix == ".csv":
            with path.open("w", encoding="utf-8", newline="") as file:
                file.writelines(f"# {name}: {' '.join(text.split())}\n" for name, text in facts.items())
                csv.writer(file).writerows(values.tolist())
        else:
            super().write(values, path, facts)

    def __str__(self) -> str:
        numbers = f"{self.channels} number{'s' * (self.channels != 1)}"
        return f"sequences of {self.steps} steps of {numbers}" + (f" at {self.rate:g} Hz" if self.rate else "")


def spans(low: np.ndarray, high: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The ends of each channel's range, [C] each; a channel of one value is given a range around it."""
    flat = high <= low
    wide = np.maximum(np.abs(low), 1.0)
    ends = np.where(flat, low - wide, low), np.where(flat, high + wide, high)
    return tuple(map(float, ends[0])), tuple(map(float, ends[1]))


def wave(values: Tensor, rate: int, facts: Mapping[str, str]) -> bytes:
    """Values [T, C] in [-1, 1] as a RIFF WAVE file of 16 bits, whose comment holds the facts."""
    whole = (values.clamp(-1, 1) * 32767).round().to(torch.int16).numpy().astype("<i2")
    channels = whole.shape[1]
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    comment = "; ".join(f"{name}: {' '.join(text.split())}" for name, text in facts.items()).encode() + b"\0"
    chunks = [(b"fmt ", form), (b"LIST", b"INFO" + _chunk(b"ICMT", comment)), (b"data", whole.tobytes())]
    content = b"WAVE" + b"".join(_chunk(name, part) for name, part in chunks)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
