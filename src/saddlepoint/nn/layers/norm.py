"""Norms of translators: over a batch, over each image, and batch norm that judges an image by itself at test.

Batch norm: Ioffe & Szegedy 2015, arXiv:1502.03167. Instance norm: Ulyanov et al. 2016, arXiv:1607.08022.
"""

from __future__ import annotations

from typing import Literal, final

from torch import Tensor, nn
from torch.nn import functional as F

Norm = Literal["batch", "instance"]


@final
class OwnBatchNorm2d(nn.BatchNorm2d):
    """Batch norm which in evaluation takes the statistics of each image, as a test with batches of one would.

    So pix2pix is tested (Isola et al. 2017, arXiv:1611.07004, section 3.3), and images do not depend on each other.
    """

    def forward(self, input: Tensor) -> Tensor:
        if self.training:
            return super().forward(input)
        return F.instance_norm(input, weight=self.weight, bias=self.bias, eps=self.eps)


def norm2d(kind: Norm, width: int) -> nn.Module:
    """A norm over `width` channels. Instance norm here has no weights and no running statistics."""
    return nn.BatchNorm2d(width) if kind == "batch" else nn.InstanceNorm2d(width)
