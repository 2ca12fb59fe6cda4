"""An image larger than a network's own, in overlapping windows that are blended, a band of rows at a time.

Each window counts fully in its middle and less towards its edges, in a line over the overlap. The shares of all windows
at a pixel add up to one, so what does not change an image leaves it as it is, and no seam shows where windows meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from saddlepoint.errors import CapabilityError, ConfigError

Work = Callable[[Tensor], Tensor]
"""windows [n, C, S, S] -> [n, D, k S, k S] for one whole number k, on the CPU"""


def tiled(image: Tensor, work: Work, window: int, overlap: int) -> Tensor:
    """`work` done on a whole image.  [C, H, W] -> [D, k H, k W], float32

    window: side in pixels that `work` takes; H and W must be that or more. overlap: pixels that neighbours share.
    Raises ConfigError for an overlap that leaves a window nothing of its own, or an image smaller than a window.
    """
    height, width = image.shape[1:]

    def read(top: int, left: int) -> Tensor:
        return image[:, top : top + window, left : left + window]

    return torch.cat(list(bands(read, height, width, work, window, overlap)), 1)


def check_overlap(overlap: int, window: int) -> None:
    """Raises ConfigError for an overlap that windows of this side cannot have."""
    if not 0 <= overlap < window:
        raise ConfigError(f"overlap cannot be {overlap}: windows of {window} pixels can share 0 to {window - 1}.")


def bands(
    read: Callable[[int, int], Tensor], height: int, width: int, work: Work, window: int, overlap: int, batch: int = 4
) -> Iterator[Tensor]:
    """The rows of a worked image from top to bottom, some at a time: [D, rows, k width], float32.

    Never more than a band is held.

    read: the window [C, S, S] whose upper left pixel is at (row, column); called from top to bottom.
    batch: windows that `work` gets at once.
    """
    check_overlap(overlap, window)
    if min(height, width) < window:
        raise ConfigError(
            f"an image of {width}x{height} holds no window of {window} pixels: pad it, or use a smaller --window."
        )
    tops, lefts = starts(height, window, overlap), starts(width, window, overlap)
    band: Tensor | None = None
    for row, (top, next_top) in enumerate(zip(tops, [*tops[1:], height])):
        for start in range(0, len(lefts), batch):
            some = lefts[start : start + batch]
            outputs = work(torch.stack([read(top, left) for left in some]))
            if band is None:
                scale = scale_of(outputs, window)
                side, shared = scale * window, scale * overlap
                down = shares([scale * begin for begin in tops], scale * height, side, shared)
                across = shares([scale * begin for begin in lefts], scale * width, side, shared)
                band = torch.zeros(
                    outputs.shape[1], side, scale * width, dtype=torch.float64
                )  # many windows may add up
            for left, own, one in zip(some, across[start:], outputs):
                band[:, :, scale * left : scale * left + side] += one * (down[row][:, None] * own)
        assert band is not None
        finished = scale * (next_top - top)
        remaining = side - finished
        yield band[:, :finished].float()
        band[:, :remaining] = band[:, finished:].clone()
        band[:, remaining:] = 0


def scale_of(outputs: Tensor, window: int) -> int:
    """How many times larger than their windows the results [n, D, H, W] are.

    Raises CapabilityError for no whole number.
    """
    height, width = outputs.shape[2:]
    if height != width or height % window:
        raise CapabilityError(
            f"the model makes {height}x{width} pixels of {window}x{window}, which cannot be put together: use --resize."
        )
    return height // window


def starts(length: int, window: int, overlap: int) -> list[int]:
    """Where windows begin along a side: each `window - overlap` after the last, and one at the very end."""
    return [*range(0, length - window, window - overlap), length - window]


def shares(begins: list[int], length: int, window: int, overlap: int) -> list[Tensor]:
    """What each window counts along a side, [window] float64 each; at every pixel they add up to one."""
    ramp = (torch.arange(window, dtype=torch.float64) + 1).clamp(max=overlap + 1)
    weight = torch.minimum(ramp, ramp.flip(0))
    total = torch.zeros(length, dtype=torch.float64)
    for begin in begins:
        total[begin : begin + window] += weight
    return [weight / total[begin : begin + window] for begin in begins]
