"""Occlusion: how much a verdict suffers where a window of the image is hidden. Zeiler & Fergus 2014, arXiv:1311.2901.

The paper shows the score that is left, which is low where the image matters; this is the drop, which is high there.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from saddlepoint.errors import ConfigError

Score = Callable[[Tensor], Tensor]
"""images [n, C, H, W] in [-1, 1] -> the number that is asked about of each, [n]"""


@torch.no_grad()
def occlusion(
    score: Score, image: Tensor, window: int, stride: int | None = None, fill: float = 0.0, batch: int = 128
) -> Tensor:
    """The mean drop of the score over all windows that hide a pixel, [H, W] float32; the sum over windows of one each.

    image: [C, H, W] in [-1, 1]. window: side of the square that is hidden, in pixels. stride: from one window to the
    next, at most the window, so that no pixel is left out; None for half of it. fill: what hides, from -1 (black) to 1;
    0 is the middle grey of the paper. Raises ConfigError for windows that do not fit.
    """
    height, width = image.shape[1:]
    stride = max(1, window // 2) if stride is None else stride
    if not 1 <= window <= min(height, width) or not 1 <= stride <= window:
        raise ConfigError(
            f"a window of {window} pixels moved by {stride} does not fit: it has from 1 to {min(height, width)} pixels"
            " and moves by 1 to its own side."
        )
    places = [(top, left) for top in _starts(height, window, stride) for left in _starts(width, window, stride)]
    whole = score(image[None])[0]
    drop, count = torch.zeros(height, width), torch.zeros(height, width)
    for first in range(0, len(places), batch):
        part = places[first : first + batch]
        hidden = image.repeat(len(part), 1, 1, 1)
        for row, (top, left) in zip(hidden, part):
            row[:, top : top + window, left : left + window] = fill
        for (top, left), fall in zip(part, (whole - score(hidden)).float().cpu()):
            drop[top : top + window, left : left + window] += fall
            count[top : top + window, left : left + window] += 1
    return drop / count


def _starts(side: int, window: int, stride: int) -> list[int]:
    """Where windows begin; the last one ends at the edge."""
    return sorted({*range(0, side - window + 1, stride), side - window})
