"""A pool of generated images, so that a critic sees older ones too. Shrivastava et al. 2017, arXiv:1612.07828, 2.3.

With 50 images and a chance of one half as in CycleGAN (Zhu et al. 2017, arXiv:1703.10593, section 4).
"""

from __future__ import annotations

from typing import ClassVar, final

import torch
from torch import Tensor, nn


@final
class ImagePool(nn.Module):
    """Holds `size` images [C, H, W]. What it holds is saved with a run; each process of one keeps a pool of its own.

    A run that is resumed by several processes begins with the pool of the first in all of them.
    """

    per_rank: ClassVar[bool] = True

    def __init__(self, size: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(size, *shape))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def forward(self, fresh: Tensor, chance: Tensor) -> Tensor:
        """What the critic is shown in the place of `fresh`, [N, C, H, W], without gradients.

        While the pool fills, each fresh image itself. Then by an even chance itself, or an image of the pool, whose
        place it takes.  chance: [N, 2] in [0, 1): whether, and which.
        """
        images, count = self.get_buffer("images"), self.get_buffer("count")
        if not len(images):
            return fresh.detach()
        images_shown = []
        for image, (whether, which) in zip(fresh.detach().to(images.dtype).split(1), chance):
            # All on the device: asking whether the pool is full would wait for it.
            filling = count < len(images)
            place = torch.where(filling, count, (which * len(images)).long())[None]
            old = images.index_select(0, place)
            swap = ~filling & (whether < 0.5)
            images_shown.append(torch.where(swap, old, image))
            images.index_copy_(0, place, torch.where(filling | swap, image, old))
            count += filling
        return torch.cat(images_shown)
