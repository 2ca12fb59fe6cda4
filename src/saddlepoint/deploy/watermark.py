"""The invisible watermark: 64 bits by the scheme `dwtDctSvd` of the library invisible-watermark, over a pattern.

The bits outlive JPEG and can be counted; the pattern (`pattern.py`), which goes in first, outlives a crop and another
size. What follows is of the bits.

A picture's luminance is halved by a Haar wavelet and cut into blocks of 4x4, which are 8x8 pixels of the picture; the
largest singular value of each is moved to a quarter or to three quarters of a step, for a 0 or a 1. The 64 bits of the
mark go around the blocks, row by row, and each is read back as the vote of all its blocks.

The scheme transforms each block by a cosine transform first. That is orthogonal, so it leaves singular values as they
are and is left out, but for a block of zeros, which it makes brighter evenly. Unlike the library's own `encode`, the
luminance is marked, which a grey picture has too, nothing runs over at black and white, and the edge bands of the
wavelet stay where they are. Marks of the library that were made in luminance are read, and it reads ours.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from saddlepoint.deploy.pattern import woven
from saddlepoint.errors import ShapeError

LEAST_BLOCKS = 1024
"""blocks of 8x8 pixels that a mark needs, 16 a bit: those of 256x256 pixels"""
ENOUGH = 52
"""bits of 64 that must agree: by chance 52 or more do in 1 of 4 million pictures, if each bit is a toss of a coin"""
_STEP = 28  # of a singular value; JPEG at quality 60 moves the average of a block by up to 6.5, a quarter step is 7
_LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as in JPEG
_FIXED = np.array([4899, 9617, 1868], np.int32)  # the same in 14 bits, as OpenCV rounds it: the library reads that
_ZERO = 1e-9  # a singular value below it has no direction
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


def mark(picture: Image.Image) -> Image.Image:
    """The picture with the mark and the pattern in it; same mode (L or RGB) and size.

    Raises ShapeError for one that is too small.
    """
    if picture.mode not in ("L", "RGB") or not large_enough(picture.size):
        raise ShapeError(
            f"a watermark needs a grey or colour picture with the blocks of 256x256 pixels; this one is "
            f"{picture.mode} of {picture.width}x{picture.height}."
        )
    pixels = np.asarray(picture.convert("RGB"), np.float64)
    pixels = woven(pixels, pixels @ _LUMINANCE)
    before = pixels @ _LUMINANCE
    blocks = _blocks(before)
    left, values, right = np.linalg.svd(blocks)
    empty = values[..., 0] < _ZERO
    left[empty, :, 0] = right[empty, 0, :] = 0.5
    bits = BITS[np.arange(blocks.shape[0] * blocks.shape[1]) % len(BITS)].reshape(blocks.shape[:2])
    moved = (values[..., 0] // _STEP + 0.25 + 0.5 * bits) * _STEP - values[..., 0]
    change = moved[..., None, None] * left[..., :, :1] * right[..., :1, :]  # [rows, columns, 4, 4] of the coarse band
    target = before.copy()
    height, width = blocks.shape[0] * 8, blocks.shape[1] * 8
    target[:height, :width] += np.kron(change.swapaxes(1, 2).reshape(height // 2, width // 2), np.full((2, 2), 0.5))
    marked = pixels.copy()
    for _ in range(_PASSES):
        marked = np.clip(marked + (target - marked @ _LUMINANCE)[..., None], 0, 255)
    return Image.fromarray(marked.round().astype(np.uint8)).convert(picture.mode)


def find(picture: Image.Image) -> Mark | None:
    """How much of the mark is in the picture; None where it is too small to carry one."""
    if not large_enough(picture.size):
        return None
    colours = np.asarray(picture.convert("RGB"), np.int32)
    luminance = (colours @ _FIXED + (1 << 13)) >> 14
    values = np.linalg.svd(_blocks(luminance.astype(np.float64)), compute_uv=False)[..., 0]
    ones = (values % _STEP > _STEP / 2).ravel()
    place = np.arange(len(ones)) % len(BITS)
    shares = np.bincount(place, ones) / np.bincount(place)
    return Mark(int(((shares * 255 > 127) == BITS).sum()), len(BITS))


def _blocks(luminance: np.ndarray) -> np.ndarray:
    """The coarse band of the Haar wavelet of [H, W] in blocks: [H // 8, W // 8, 4, 4]."""
    rows, columns = (side // 8 for side in luminance.shape)
    pixels = luminance[: 8 * rows, : 8 * columns].reshape(rows, 4, 2, columns, 4, 2)
    coarse: np.ndarray = pixels.sum((2, 5)) / 2
    return coarse.transpose(0, 2, 1, 3)
