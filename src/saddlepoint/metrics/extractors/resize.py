"""The ways in which the well-known FID programs bring an image to 299 x 299, by name.

They differ more than most models do: one pair of sets scores 254.5 with one and 265.1 with another. Parmar et al. 2022,
arXiv:2104.11222, describe the differences.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from saddlepoint.metrics.images import Bytes

Resize = Literal["tensorflow", "pytorch-fid", "clean"]
"""`tensorflow`: the published graph, also torch-fidelity; `pytorch-fid`: torch bilinear; `clean`: clean-fid"""

FORMULAS: dict[Resize, tuple[str, str]] = {
    "tensorflow": ("tensorflow-1 bilinear", "(x-128)/128"),
    "pytorch-fid": ("torch bilinear", "2x/255-1"),
    "clean": ("pillow bicubic antialiased", "(x-128)/128"),
}
"""what each name does to the size and to the values"""


def resized(images: Bytes, resize: Resize, side: int) -> Tensor:
    """uint8 [N, C, H, W] to float32 [N, C, side, side] in about [-1, 1], sized and scaled as `resize` names."""
    if resize == "clean":
        return (_pillow(images, side) - 128) / 128
    values = torch.from_numpy(images.astype(np.float32))
    if resize == "tensorflow":
        return (_tensorflow(values, side) - 128) / 128
    return 2 * F.interpolate(values / 255, (side, side), mode="bilinear") - 1


def _tensorflow(values: Tensor, side: int) -> Tensor:
    """Bilinear as in TensorFlow 1: output pixel i is read at i * (input / output), corners on corners, no smoothing."""
    for axis in (3, 2):
        length = values.shape[axis]
        place = torch.arange(side, dtype=torch.float32) * torch.tensor(length / side)
        low = place.long()
        high = (low + 1).clamp_max(length - 1)
        part = (place - low).view(-1, *[1] * (3 - axis))
        below = values.index_select(axis, low)
        values = below + (values.index_select(axis, high) - below) * part
    return values


def _pillow(images: Bytes, side: int) -> Tensor:
    """Bicubic with smoothing, each channel as floats, clipped to 0..255 and not rounded."""
    resized = np.empty((*images.shape[:2], side, side), np.float32)
    for image, target in zip(images, resized):
        for channel, place in zip(image, target):
            picture = Image.fromarray(channel.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC)
            place[...] = np.asarray(picture).clip(0, 255)
    return torch.from_numpy(resized)
