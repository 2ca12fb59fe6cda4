"""The U-Net that translates images: halved to one pixel and back, with skips. Isola et al. 2017, arXiv:1611.07004, 6.1.

Authors' code   here
ngf             `width`: channels at half the side; they double with each halving, to at most 8 times
e1 ... e8       `down`, the first is the widest map
d1 ... d8       `up`, the first is the deepest; it has dropout in the first three
"""

from __future__ import annotations

from itertools import pairwise
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.keyed import generator
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.norm import Norm, OwnBatchNorm2d, norm2d
from saddlepoint.nn.sizes import Sizes

_DROPPED = 3
"""layers of the decoder that have dropout"""


def unet_sizes(depth: int) -> Sizes:
    """What a U-Net of so many halvings takes."""
    return Sizes(multiple=1 << depth, least=1 << depth)


@final
class UNet(nn.Module):
    """Images [N, C, H, W] in [-1, 1] -> the same, float32; H and W are multiples of 2 ** depth.

    depth: halvings of the side. width: channels at half the side. norm: see `norm2d`; with instance norm, layers that
    have none get biases.
    own_statistics: in evaluation, batch norms take the statistics of each image; else those that training has averaged.
    outputs: channels of what comes out, where they are not those that go in.
    """

    def __init__(
        self,
        channels: int,
        depth: int,
        width: int,
        *,
        norm: Norm = "batch",
        own_statistics: bool = True,
        outputs: int | None = None,
    ) -> None:
        super().__init__()
        self.sizes = unet_sizes(depth)
        widths = [width * min(2**index, 8) for index in range(depth)]
        wide = [(channels, width), *pairwise(widths)]

        def normed(width: int) -> nn.Module:
            return OwnBatchNorm2d(width) if norm == "batch" and own_statistics else norm2d(norm, width)

        self.down = nn.ModuleList()
        for level, pair in enumerate(wide):
            between = 0 < level < depth - 1  # one pixel alone cannot be normalised
            conv = nn.Conv2d(*pair, 4, 2, 1, bias=norm == "instance" and not between)
            self.down.append(_Layer(conv, normed(pair[1]) if between else None))
        self.up = nn.ModuleList()
        for level in reversed(range(depth)):
            inputs = widths[level] * (1 if level == depth - 1 else 2)  # a skip comes beside all but the deepest
            after = wide[level][0] if level else outputs or channels
            up = nn.ConvTranspose2d(inputs, after, 4, 2, 1, bias=not level)
            self.up.append(_Layer(up, normed(after) if level else None))
        initialise(self, "normal", 0.02)

    def forward(self, image: Tensor, seed: int | None = None) -> Tensor:
        """In training dropout draws from torch's generator.

        seed: of the dropout in evaluation, where one draw serves every image; None for none.
        """
        skips = [self.down[0](image)]
        for layer in self.down[1:]:
            skips.append(layer(F.leaky_relu(skips[-1], 0.2)))
        x = skips.pop()
        for index, layer in enumerate(self.up):
            x = layer(F.relu(x))
            if index < len(self.up) - 1:
                x = self._dropped(x, index, seed) if index < _DROPPED else x
                x = torch.cat((skips.pop(), x), 1)
        images: Tensor = x.float().tanh()
        return images

    def _dropped(self, x: Tensor, index: int, seed: int | None) -> Tensor:
        if self.training or seed is None:
            return F.dropout(x, 0.5, self.training)
        mask = torch.rand((1, *x.shape[1:]), generator=generator(seed, "dropout", index)) < 0.5
        return x * mask.to(x) * 2


@final
class _Layer(nn.Module):
    """A convolution and the norm that may follow it."""

    def __init__(self, conv: nn.Module, norm: nn.Module | None) -> None:
        super().__init__()
        self.conv, self.norm = conv, norm

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return x if self.norm is None else self.norm(x)
