"""Changes of colour and place that a critic sees all images through. Zhao et al. 2020, arXiv:2006.10738.

The policy "color, translation" of DiffAugment: brightness, saturation and contrast of each image, then a shift by up to
an eighth of its side, with 0 (grey) where nothing came from. Gradients flow to the images.
"""

from __future__ import annotations

import torch
from torch import Tensor

NUMBERS = 5
"""of chance for each image"""
_SHARE = 0.125


def augmented(images: Tensor, chance: Tensor) -> Tensor:
    """Each image [N, C, S, S] in [-1, 1] in other colours and at another place; values may leave [-1, 1].

    chance: U[0, 1), [N, 5]: brightness (added, -.5 to .5), saturation (0 to 2 times), contrast (.5 to 1.5 times), and
    the shifts down and to the right, whole pixels, even over -S/8 ... S/8.
    """
    brightness, saturation, contrast = (chance[:, number, None, None, None] for number in range(3))
    images = images + (brightness - 0.5)
    grey = images.mean(1, keepdim=True)
    images = (images - grey) * (saturation * 2) + grey
    middle = images.mean((1, 2, 3), keepdim=True)
    images = (images - middle) * (contrast + 0.5) + middle
    return _moved(images, chance[:, 3:])


def _moved(images: Tensor, chance: Tensor) -> Tensor:
    n, _, height, width = images.shape
    places = []
    for axis, side in enumerate((height, width)):
        most = int(side * _SHARE + 0.5)
        shift = (chance[:, axis, None] * (2 * most + 1)).long() - most  # [N, 1]
        places.append(torch.arange(side, device=images.device) - shift)  # where each row or column comes from
    rows, columns = places
    inside = ((rows >= 0) & (rows < height))[:, None, :, None] & ((columns >= 0) & (columns < width))[:, None, None, :]
    which = torch.arange(n, device=images.device)[:, None, None]
    taken = images[which, :, rows.clamp(0, height - 1)[:, :, None], columns.clamp(0, width - 1)[:, None, :]]
    return taken.permute(0, 3, 1, 2) * inside
