"""A heat map laid over its image: red where the verdict rests on what is there, blue where it speaks against it."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from saddlepoint.errors import ShapeError
from saddlepoint.kinds.pictures import grid

_HOT, _COLD = (0.86, 0.08, 0.08), (0.1, 0.25, 0.9)
_FAINT = 0.35  # of the image's own contrast under the heat


def overlaid(image: Tensor, heat: Tensor) -> Image.Image:
    """The image and, beside it, the image in grey under its heat.

    image: [C, H, W] in [-1, 1], of one or three channels. heat: [H, W]; its largest absolute value gets the full
    colour, and a heat of nothing anywhere none. Raises ShapeError where the two do not fit.
    """
    if image.ndim != 3 or image.shape[0] not in (1, 3) or heat.shape != image.shape[1:]:
        raise ShapeError(f"heat {list(heat.shape)} does not lie over an image {list(image.shape)} of 1 or 3 channels.")
    most = heat.abs().max().clamp_min(1e-12)
    warm = (heat / most)[None]
    shade = 0.5 + _FAINT * image.mean(0, keepdim=True)  # [1, H, W] in [0, 1]
    hot, cold = (torch.tensor(each)[:, None, None] for each in (_HOT, _COLD))
    colour = torch.where(warm > 0, hot, cold)
    under: Tensor = shade * (1 - warm.abs()) + colour * warm.abs()
    return grid(torch.stack([image.expand(3, -1, -1), under * 2 - 1]), columns=2)
