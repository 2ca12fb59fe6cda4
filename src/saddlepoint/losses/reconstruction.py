"""How far an image is from the one that it should be, pixel by pixel.

l1, mse      mean absolute and mean squared difference
charbonnier  sqrt(d^2 + eps^2), smooth at 0. Charbonnier et al. 1994, doi:10.1109/ICIP.1994.413553; eps of 1e-3 as in
             Lai et al. 2017, arXiv:1704.03915
psnr         10 log10 of each image's mean squared difference, as NAFNet has it. Chen et al. 2022, arXiv:2204.04676
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn import functional as F

Distance = Literal["l1", "mse", "charbonnier", "psnr"]


def distance(kind: Distance, restored: Tensor, target: Tensor) -> Tensor:
    """A scalar, the mean over all values (psnr: over images); both [N, ...] of one shape."""
    match kind:
        case "l1":
            return F.l1_loss(restored, target)
        case "mse":
            return F.mse_loss(restored, target)
        case "charbonnier":
            return ((restored - target).square() + 1e-6).sqrt().mean()
        case "psnr":
            errors = (restored - target).square().flatten(1).mean(1)
            return 10 * (errors + 1e-8).log10().mean()


def total_variation(image: Tensor) -> Tensor:
    """The mean squared difference of neighbours down, and that of neighbours across, added; of [N, C, H, W].

    Rudin et al. 1992 take absolute differences; CBDNet squares them (Guo et al. 2019, arXiv:1807.04686, eq. 7).
    """
    down, across = image.diff(dim=2), image.diff(dim=3)
    return down.square().mean() + across.square().mean()
