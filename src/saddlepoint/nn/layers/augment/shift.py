"""Small changes that leave an image what it is: mirrored and shifted, as in Zhang et al. 2020, arXiv:1910.12027."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def shifted(images: Tensor, chance: Tensor, *, mirror: bool = True) -> Tensor:
    """Each image shifted by whole pixels, up to an eighth of its side either way, and mirrored by an even chance.

    images: [N, C, S, S], S 8 or more: 4 pixels at 32, as the authors. What comes in at the edges is the image mirrored
    about its outermost pixels. Gradients flow back to the images.
    chance: U[0, 1), [N, 3]: whether it is mirrored, and how far it moves down and to the right.
    """
    n, _, side, _ = images.shape
    most = side // 8
    padded = F.pad(images, (most,) * 4, mode="reflect")
    start = (chance[:, 1:] * (2 * most + 1)).long()  # [N, 2] in 0...2 most; `most` is no shift
    along = torch.arange(side, device=images.device)
    rows, columns = (start[:, axis, None] + along for axis in (0, 1))  # [N, S]
    if mirror:
        columns = torch.where(chance[:, :1] < 0.5, columns.flip(1), columns)
    which = torch.arange(n, device=images.device)[:, None, None]
    return padded[which, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
