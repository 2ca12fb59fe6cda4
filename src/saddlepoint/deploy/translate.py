"""A whole picture translated at its own size: in windows that overlap where it is large, padded where it is small."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.deploy.tile import Work, bands
from saddlepoint.kinds.pixels import pixels, to_uint8


def translated(
    image: Tensor,
    work: Work,
    side: int,
    overlap: int | None = None,
    progress: Callable[[float], object] = lambda share: None,
) -> np.ndarray:
    """uint8 [C, H, W] -> [D, k H, k W]; no more than a band of it in floating numbers at once.

    work: translates windows [n, C, side, side] in [-1, 1] into [n, D, k side, k side]. overlap: pixels that
    neighbours share; None for an eighth
    of the side. progress: is called after each band with the share that is done. Raises ConfigError for an
    impossible overlap.
    """
    height, width = image.shape[1:]
    padded = _padded(image, side)
    overlap = side // 8 if overlap is None else overlap

    def read(top: int, left: int) -> Tensor:
        return pixels(padded[None, :, top : top + side, left : left + side])[0]

    parts: list[np.ndarray] = []
    rows = 0
    for band in bands(read, padded.shape[1], padded.shape[2], work, side, overlap):
        parts.append(to_uint8(band[None])[0].numpy())
        scale = band.shape[2] // padded.shape[2]
        rows += band.shape[1] // scale
        progress(rows / padded.shape[1])
    return np.concatenate(parts, 1)[:, : scale * height, : scale * width]


def translated_together(images: Sequence[Tensor], work: Work, side: int) -> list[np.ndarray]:
    """Pictures of no more than one window each, uint8 [C, H, W] -> [D, k H, k W], through the model at once."""
    windows = torch.stack([pixels(_padded(image, side)[None])[0] for image in images])
    results = to_uint8(work(windows)).numpy()
    scale = results.shape[2] // side
    return [result[:, : scale * image.shape[1], : scale * image.shape[2]] for result, image in zip(results, images)]


def _padded(image: Tensor, side: int) -> Tensor:
    """A picture of at least one window: a smaller one is padded with its edge."""
    spare = (0, max(0, side - image.shape[2]), 0, max(0, side - image.shape[1]))
    return F.pad(image[None].float(), spare, mode="replicate")[0].to(torch.uint8) if any(spare) else image
