"""An invisible watermark that survives JPEG. The method is `dwtDctSvd` of the library invisible-watermark.

A picture's luminance is halved by a Haar wavelet and cut into blocks of 4x4, which are 8x8 pixels of the picture; the
largest singular value of each is moved to a quarter or to three quarters of a step, for a 0 or a 1. The 64 bits of the
mark go around the blocks, row by row, and each is read back as the vote of all its blocks.

The library's blocks and its reader are used as they are. Its `encode` around them is not: it marks a colour difference,
which a grey picture does not have, lets bytes run over at black and white, and swaps the two edge bands of the wavelet.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from saddlepoint.errors import MissingExtra, ShapeError

LEAST_BLOCKS = 1024
"""blocks of 8x8 pixels that a mark needs, 16 a bit: those of 256x256 pixels"""
ENOUGH = 52
"""bits of 64 that must agree: by chance 52 or more do in 1 of 4 million pictures, if each bit is a toss of a coin"""
_STEP = 28  # of a singular value; JPEG at quality 60 moves the average of a block by up to 6.5, a quarter step is 7
_LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as in JPEG
_PASSES = 2  # the second makes up for what was cut off at 0 and 255

# Half of the bits are the complement of the other half: a flat picture, or one of columns alone, agrees in exactly 32.
_HALF = np.unpackbits(np.frombuffer(hashlib.sha256(b"saddlepoint").digest()[:4], np.uint8))
BITS = np.concatenate([_HALF, 1 - _HALF]).astype(int)
"""the mark: one and the same in all pictures; which model made one is told by its metadata"""


@dataclass(frozen=True)
class Mark:
    """What was read from a picture."""

    matched: int
    """bits that agree with the mark"""
    of: int
    """all bits of the mark"""

    @property
    def found(self) -> bool:
        """Whether so many agree that chance does not explain it."""
        return self.matched >= ENOUGH

    @property
    def chance(self) -> float:
        """The probability that tosses of a coin agree in as many bits or more."""
        return sum(math.comb(self.of, k) for k in range(self.matched, self.of + 1)) / 2.0**self.of


def large_enough(size: tuple[int, int]) -> bool:
    """Whether a picture of this width and height can carry the mark: it has as many blocks as 256x256 pixels."""
    return (size[0] // 8) * (size[1] // 8) >= LEAST_BLOCKS


@cache
def available() -> bool:
    """Whether the library can be imported; the answer is kept."""
    try:
        import imwatermark  # noqa: F401
    except ImportError:
        return False
    return True


def mark(picture: Image.Image) -> Image.Image:
    """The picture with the mark in it; same mode (L or RGB) and size.

    Raises ShapeError when it is too small or of another mode, MissingExtra without the library.
    """
    if picture.mode not in ("L", "RGB") or not large_enough(picture.size):
        raise ShapeError(
            f"a watermark needs a grey or colour picture with the blocks of 256x256 pixels; this one is "
            f"{picture.mode} of {picture.width}x{picture.height}."
        )
    _demand()
    import pywt
    from imwatermark.dwtDctSvd import EmbedDwtDctSvd

    given = np.asarray(picture.convert("RGB"), np.float64)
    before = given @ _LUMINANCE
    height, width = (side // 4 * 4 for side in before.shape)
    coarse, edges = pywt.dwt2(before[:height, :width], "haar")
    EmbedDwtDctSvd(BITS, len(BITS)).encode_frame(coarse, _STEP)
    wanted = before.copy()
    wanted[:height, :width] = pywt.idwt2((coarse, edges), "haar")
    made = given.copy()
    for _ in range(_PASSES):
        made = np.clip(made + (wanted - made @ _LUMINANCE)[..., None], 0, 255)
    marked = Image.fromarray(made.round().astype(np.uint8))
    return marked.convert(picture.mode)


def find(picture: Image.Image) -> Mark | None:
    """How much of the mark is in the picture; None where it is too small to carry one.

    Raises MissingExtra without the library.
    """
    if not large_enough(picture.size):
        return None
    _demand()
    from imwatermark import WatermarkDecoder

    reversed_colours = np.ascontiguousarray(np.asarray(picture.convert("RGB"))[..., ::-1])
    read = WatermarkDecoder("bits", len(BITS)).decode(reversed_colours, "dwtDctSvd", scales=[_STEP, 0, 0])
    return Mark(int((read == BITS).sum()), len(BITS))


def _demand() -> None:
    if not available():
        raise MissingExtra("watermarks need invisible-watermark: pip install 'saddlepoint[label]'.")
