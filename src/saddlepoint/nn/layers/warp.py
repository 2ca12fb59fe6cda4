"""An image moved along a flow. Jaderberg et al. 2015, arXiv:1506.02025, eq. 5: read between pixels, linearly."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def warped(image: Tensor, flow: Tensor) -> Tensor:
    """An image [N, C, H, W] read at each place moved by a flow [N, 2, H, W] in pixels, x to the right, then y down.

    Linear between pixels; beyond the border the border's pixel.
    """
    height, width = image.shape[2:]
    down, across = torch.meshgrid(
        torch.arange(height, device=image.device), torch.arange(width, device=image.device), indexing="ij"
    )
    place = torch.stack((across + flow[:, 0], down + flow[:, 1]), -1)  # [N, H, W, 2]
    size = place.new_tensor([width, height])
    grid = (2 * place + 1) / size - 1
    return F.grid_sample(image, grid.to(image), mode="bilinear", padding_mode="border", align_corners=False)
