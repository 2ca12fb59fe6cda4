"""LRM's networks: learned tokens of three planes that look at an image's tokens, led by the image's camera.

Hong et al. 2024, arXiv:2311.04400, sections 3.1 to 3.3; github.com/3DTopia/OpenLRM.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.layers.attention import Attention

CAMERA = 16
"""numbers of a camera: the first three rows of its pose, focal lengths and principal point in sides of the image"""
_EPSILON = 1e-6
_PAD = 0.001  # by which colours may leave [0, 1]
_HIDDEN = 64


@final
class LedNorm(nn.Module):
    """Layer norm, then times (1 + scale) plus shift, of which a code states both: [N, L, width], [N, code] -> [N, L,
    width]. Peebles & Xie 2023, arXiv:2212.09748; without their gate."""

    def __init__(self, width: int, code: int) -> None:
        super().__init__()
        self.norm, self.lead = nn.LayerNorm(width, eps=_EPSILON), nn.Linear(code, 2 * width)

    def forward(self, hidden: Tensor, code: Tensor) -> Tensor:
        shift, scale = self.lead(F.silu(code))[:, None].chunk(2, 2)
        led: Tensor = self.norm(hidden) * (1 + scale) + shift
        return led


@final
class PlaneBlock(nn.Module):
    """Attention to the image, attention among all, and a network on each token; each after a led norm, and added."""

    def __init__(self, width: int, heads: int, memory: int, code: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(LedNorm(width, code) for _ in range(3))
        self.across = Attention(width, heads, memory=memory, bias=False)
        self.among = Attention(width, heads, bias=False)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, hidden: Tensor, image: Tensor, code: Tensor) -> Tensor:
        hidden = hidden + self.across(self.norms[0](hidden, code), image)
        hidden = hidden + self.among(self.norms[1](hidden, code))
        output: Tensor = hidden + self.mlp(self.norms[2](hidden, code))
        return output


@final
class PlaneTransformer(nn.Module):
    """Tokens of an image [N, M, memory] with its camera [N, 16] -> planes [N, 3, channels, 2 side, 2 side].

    side: of the planes in tokens. code: length of what stands for the camera.
    """

    def __init__(
        self, memory: int, *, width: int, heads: int, layers: int, side: int, channels: int, code: int
    ) -> None:
        super().__init__()
        self.side = side
        self.queries = nn.Parameter(torch.randn(1, 3 * side**2, width) / width**0.5)
        self.camera = nn.Sequential(nn.Linear(CAMERA, code), nn.SiLU(), nn.Linear(code, code))
        self.blocks = nn.ModuleList(PlaneBlock(width, heads, memory, code) for _ in range(layers))
        self.norm = nn.LayerNorm(width, eps=_EPSILON)
        self.grow = nn.ConvTranspose2d(width, channels, 2, 2)

    def tokens(self, image: Tensor, camera: Tensor) -> Tensor:
        """The planes' tokens, plane by plane and row by row.  [N, 3 side^2, width]"""
        code, hidden = self.camera(camera), self.queries.expand(len(image), -1, -1)
        for block in self.blocks:
            hidden = block(hidden, image, code)
        tokens: Tensor = self.norm(hidden)
        return tokens

    def forward(self, image: Tensor, camera: Tensor) -> Tensor:
        maps = self.tokens(image, camera).unflatten(1, (3, self.side, self.side)).permute(0, 1, 4, 2, 3)
        planes: Tensor = self.grow(maps.flatten(0, 1)).unflatten(0, (-1, 3))
        return planes


@final
class JoinedDecoder(nn.Module):
    """Features of places [N, 3, M, C], of the planes side by side, -> raw densities [N, M], colours [N, M, 3]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        widths = (3 * channels, _HIDDEN, _HIDDEN, _HIDDEN)
        layers = [part for width in widths for part in (nn.Linear(width, _HIDDEN), nn.ReLU())]
        self.layers = nn.Sequential(*layers[:-2], nn.Linear(_HIDDEN, 4))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        raw = self.layers(features.transpose(1, 2).flatten(2))
        return raw[..., 0], raw[..., 1:].sigmoid() * (1 + 2 * _PAD) - _PAD
