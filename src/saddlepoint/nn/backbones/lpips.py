"""LPIPS: a perceptual distance, weighted over the maps of a trunk. Zhang et al. 2018, arXiv:1801.03924, eq. 1, v0.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.errors import DataError, ShapeError
from saddlepoint.nn.backbones.alexnet import AlexNet
from saddlepoint.nn.backbones.squeezenet import SqueezeNet
from saddlepoint.nn.backbones.trunk import Trunk
from saddlepoint.nn.backbones.vgg import VGG16
from saddlepoint.nn.backbones.weights import WeightFile

TrunkName = Literal["alex", "squeeze", "vgg"]
TRUNKS: Mapping[TrunkName, type[AlexNet] | type[SqueezeNet] | type[VGG16]] = {
    "alex": AlexNet,
    "squeeze": SqueezeNet,
    "vgg": VGG16,
}

_PLACE = "https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/master/lpips/weights/v0.1"
HEADS: Mapping[TrunkName, WeightFile] = {
    "alex": WeightFile(
        "lpips-v0.1-alex.pth",
        f"{_PLACE}/alex.pth",
        "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0",
        "BSD-2-Clause",
    ),
    "squeeze": WeightFile(
        "lpips-v0.1-squeeze.pth",
        f"{_PLACE}/squeeze.pth",
        "4a5350f23600cb79923ce65bb07cbf57dca461329894153e05a1346bd531cf76",
        "BSD-2-Clause",
    ),
    "vgg": WeightFile(
        "lpips-v0.1-vgg.pth",
        f"{_PLACE}/vgg.pth",
        "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868",
        "BSD-2-Clause",
    ),
}
"""the published linear heads"""


@final
class LPIPS(nn.Module):
    """The distance of two images in the eyes of a trunk; differentiable in both, so it serves as a loss too."""

    shift: Tensor
    scale: Tensor

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ParameterList(torch.ones(width) for width in trunk.widths)
        self.register_buffer("shift", torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1))
        self.register_buffer("scale", torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1))
        self.requires_grad_(False)

    def load_heads(self, weights: Mapping[str, Tensor]) -> None:
        """Takes the published heads (`lin0.model.1.weight` of [1, C, 1, 1] and so on). Raises DataError."""
        for index, head in enumerate(self.heads):
            published = weights.get(f"lin{index}.model.1.weight")
            if published is None or published.numel() != head.numel():
                raise DataError(
                    f"these are not the LPIPS heads of {type(self.trunk).__name__}: lin{index} does not fit."
                )
            head.data.copy_(published.flatten())

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Distance of each pair, 0 for equal images.  [N]

        a, b: [N, 3, H, W] in [-1, 1], or of one channel, which is repeated. Raises ShapeError when the shapes differ.
        """
        if a.shape != b.shape or a.ndim != 4 or a.shape[1] not in (1, 3):
            raise ShapeError(f"LPIPS takes pairs [N, 1 or 3, H, W], got {list(a.shape)} and {list(b.shape)}.")
        distance = a.new_zeros(len(a))
        for head, x, y in zip(self.heads, self._maps(a), self._maps(b)):
            distance = distance + torch.einsum("nchw,c->nhw", (x - y) ** 2, head).mean((1, 2))
        return distance

    def _maps(self, images: Tensor) -> list[Tensor]:
        maps = self.trunk((images.expand(-1, 3, -1, -1) - self.shift) / self.scale)
        return [x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10) for x in maps]  # unit length at each place
