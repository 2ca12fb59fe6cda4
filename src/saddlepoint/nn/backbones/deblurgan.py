"""DeblurGAN's generator: a residual translator that finds what has to be added to a blurred image. Kupyn et al. 2018,
arXiv:1711.07064, figure 3."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from torch import Tensor, nn

from saddlepoint.nn.sizes import Sizes


def instance(width: int) -> nn.Module:
    """Norm of each image's own channel, without weights."""
    return nn.InstanceNorm2d(width)


@final
class DeblurGenerator(nn.Module):
    """Images [N, C, H, W] in [-1, 1], sides that 4 divides -> the same shape and range, float32.

    width: channels at full size, 4 times as many where the blocks are. bias: of convolutions before a norm. single: one
    convolution in a block, as the authors' published code came to have by a slip of precedence. residual: add the
    image.
    """

    sizes = Sizes(multiple=4, least=8)

    def __init__(
        self,
        channels: int,
        width: int,
        blocks: int,
        *,
        norm: Callable[[int], nn.Module] = instance,
        bias: bool = True,
        single: bool = False,
        residual: bool = True,
    ) -> None:
        super().__init__()
        self.residual = residual
        layers: list[nn.Module] = [
            nn.ReflectionPad2d(3),
            nn.Conv2d(channels, width, 7, bias=bias),
            norm(width),
            nn.ReLU(),
        ]
        for own in (2 * width, 4 * width):
            layers += [nn.Conv2d(own // 2, own, 3, 2, 1, bias=bias), norm(own), nn.ReLU()]
        layers += [_Block(4 * width, norm, bias, single) for _ in range(blocks)]
        for own in (2 * width, width):
            layers += [nn.ConvTranspose2d(2 * own, own, 3, 2, 1, 1, bias=bias), norm(own), nn.ReLU()]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, channels, 7), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, image: Tensor) -> Tensor:
        residual: Tensor = self.layers(image).float()
        return (image + residual).clamp(-1, 1) if self.residual else residual


@final
class _Block(nn.Module):
    def __init__(self, width: int, norm: Callable[[int], nn.Module], bias: bool, single: bool) -> None:
        super().__init__()
        first: list[nn.Module] = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=bias), norm(width)]
        rest = [nn.ReLU(), nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=bias), norm(width)]
        self.layers = nn.Sequential(*first, *([] if single else rest))

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = x + self.layers(x)
        return added
