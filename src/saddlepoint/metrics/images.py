"""What every metric calls images: uint8 [N, C, H, W] in 0..255, whole or as a stream of batches.

Published figures are measured on images of 8 bits, so a metric sees what a saved file would hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from saddlepoint.errors import ShapeError

Bytes = NDArray[np.uint8]
"""uint8 [N, C, H, W]; may be a memory map"""

Images = Bytes | Iterable[Bytes]
"""all images in one array or memory map, or a stream of such arrays whose lengths may differ"""


def batches(images: Images, size: int) -> Iterator[Bytes]:
    """The images in order, at most `size` at a time and never more than one given batch in memory.

    Raises ShapeError when something is not uint8 [N, C, H, W].
    """
    for array in [images] if isinstance(images, np.ndarray) else images:
        if not isinstance(array, np.ndarray) or array.dtype != np.uint8 or array.ndim != 4:
            description = (
                f"{array.dtype} {list(array.shape)}" if isinstance(array, np.ndarray) else type(array).__name__
            )
            raise ShapeError(
                f"metrics take images as uint8 [N, C, H, W], got {description}. Floats go through to_uint8."
            )
        for start in range(0, len(array), size):
            yield array[start : start + size]
