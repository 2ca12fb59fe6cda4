"""The .spz files of splats: a tenth of a .ply, read by viewers in browsers and on phones.

Version 2 of the layout of github.com/nianticlabs/spz: a header of 16 bytes and six streams, gzipped. Axes there are x
to the right, y up and z backwards, where a .ply has y down and z ahead, so that two axes change their signs.
"""

from __future__ import annotations

import gzip
import struct

import numpy as np

_MAGIC, _VERSION, _FRACTION = 0x5053474E, 2, 12
_FLIPPED = np.array(
    [-1, -1, 1, -1, 1, 1, -1, 1, -1, 1, -1, -1, 1, -1, 1], np.float32
)  # harmonics beyond the constant one, where y and z change their signs


def spz_bytes(
    place: np.ndarray, scale: np.ndarray, turn: np.ndarray, opacity: np.ndarray, harmonics: np.ndarray
) -> bytes:
    """The file of P splats. All float32.

    place: [P, 3]. scale: [P, 3], logarithms. turn: [P, 4], quaternions w x y z. opacity: [P], logits. harmonics:
    [P, (degree + 1)^2, 3]. Places are rounded to 1/4096, and must lie within 2,048 of the origin.
    """
    count, waves = len(place), harmonics.shape[1]
    degree = round(waves**0.5) - 1
    fixed = np.clip(np.round(place * [1, -1, -1] * 2**_FRACTION), -(2**23), 2**23 - 1).astype("<i4")
    places = fixed.view(np.uint8).reshape(count, 3, 4)[:, :, :3]
    unit = turn / np.maximum(np.linalg.norm(turn, axis=1, keepdims=True), 1e-12)
    unit = unit * np.where(unit[:, :1] < 0, -1, 1) * [1, 1, -1, -1]
    parts = [
        places,
        _bytes(255 / (1 + np.exp(-opacity.astype(np.float64)))),
        _bytes(harmonics[:, 0] * (0.15 * 255) + 0.5 * 255),
        _bytes((scale + 10) * 16),
        _bytes(unit[:, 1:] * 127.5 + 127.5),
    ]
    if waves > 1:
        levels = np.round(harmonics[:, 1:] * _FLIPPED[: waves - 1, None] * 128) + 128
        bucket = np.where(np.arange(waves - 1) < 3, 8, 16)[:, None]  # five bits of the first degree, four beyond
        parts.append(_bytes((levels + bucket // 2) // bucket * bucket))
    head = struct.pack("<IIIBBBB", _MAGIC, _VERSION, count, degree, _FRACTION, 0, 0)
    return gzip.compress(head + b"".join(np.ascontiguousarray(part).tobytes() for part in parts), mtime=0)


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)
