"""What every metric calls images: uint8 [N, C, H, W] in 0..255, whole or as a stream of batches.

Published figures are measured on images of 8 bits, so a metric sees what a saved file would hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.errors import ShapeError

Bytes = NDArray[np.uint8]
"""uint8 [N, C, H, W]; may be a memory map"""

Images = Bytes | Iterable[Bytes]
"""all images in one array or memory map, or a stream of such arrays whose lengths may differ"""


def to_uint8(images: Tensor) -> Bytes:
    """What a network returned, as 8-bit images: [-1, 1] to 0..255, rounded to the nearest, clipped outside.

    images: float [N, C, H, W] on any device. Returns uint8 of that shape on the CPU.
    Raises ShapeError for a tensor that is not floating.
    """
    if not images.is_floating_point():
        raise ShapeError(f"to_uint8 takes float images in [-1, 1], got {images.dtype}; uint8 needs no conversion.")
    scaled = (images.detach().float() + 1) * 127.5
    result: Bytes = scaled.round_().clamp_(0, 255).to(torch.uint8).cpu().numpy()
    return result


def batches(images: Images, size: int) -> Iterator[Bytes]:
    """The images in order, at most `size` at a time and never more than one given batch in memory.

    Raises ShapeError when something is not uint8 [N, C, H, W].
    """
    for array in [images] if isinstance(images, np.ndarray) else images:
        if not isinstance(array, np.ndarray) or array.dtype != np.uint8 or array.ndim != 4:
            found = f"{array.dtype} {list(array.shape)}" if isinstance(array, np.ndarray) else type(array).__name__
            raise ShapeError(f"metrics take images as uint8 [N, C, H, W], got {found}. Pass floats through to_uint8.")
        for start in range(0, len(array), size):
            yield array[start : start + size]
