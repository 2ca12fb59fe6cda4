"""CUT's generator, which shows its inner maps, and its critic: CycleGAN's without aliases. Park et al. 2020,
arXiv:2007.15651, appendix B; the filters are Zhang 2019's, arXiv:1904.11486.
"""

from __future__ import annotations

from itertools import pairwise
from typing import final

from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.nn.backbones.resnet_translator import Block
from saddlepoint.nn.layers.blur import BlurDoubling, BlurHalving
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.norm import Norm, norm2d
from saddlepoint.nn.sizes import Sizes

_FAR = 4  # the block whose maps are the last of those shown


@final
class BlurredTranslator(nn.Module):
    """Images [N, C, H, W] in [-1, 1] -> the same, float32; H and W are multiples of 4.

    width: channels at the full side. blocks: residual ones at a quarter of the side. `encode` gives the maps that are
    compared, of `features` channels: the image, reflected at its borders, what the two convolutions between halvings
    make of it before their norms, and the first and the fifth block, or the last.
    """

    sizes = Sizes(multiple=4, least=8)

    def __init__(self, channels: int, width: int, blocks: int, norm: Norm = "instance") -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(channels, width, 7, bias=False), norm2d(norm, width), nn.ReLU())
        self.second = nn.Conv2d(width, 2 * width, 3, padding=1, bias=False)
        self.second_norm = nn.Sequential(norm2d(norm, 2 * width), nn.ReLU(), BlurHalving())
        self.third = nn.Conv2d(2 * width, 4 * width, 3, padding=1, bias=False)
        self.third_norm = nn.Sequential(norm2d(norm, 4 * width), nn.ReLU(), BlurHalving())
        self.blocks = nn.ModuleList(Block(4 * width, norm) for _ in range(blocks))
        up: list[nn.Module] = []
        for wide in (4 * width, 2 * width):
            conv = nn.Conv2d(wide, wide // 2, 3, padding=1, bias=False)
            up += [BlurDoubling(), conv, norm2d(norm, wide // 2), nn.ReLU()]
        self.up = nn.Sequential(*up)
        self.last = nn.Conv2d(width, channels, 7, padding=3, padding_mode="reflect")
        self.compared = sorted({0, min(_FAR, blocks - 1)})
        self.features = (channels, 2 * width, 4 * width, *(4 * width for _ in self.compared))
        initialise(self, "glorot")

    def forward(self, image: Tensor) -> Tensor:
        return self.decode(self._maps(image)[-1])

    def encode(self, image: Tensor) -> list[Tensor]:
        """The maps that are compared, [N, features, h, w] each."""
        maps = self._maps(image)
        return [*maps[:3], *(maps[3 + place] for place in self.compared)]

    def decode(self, content: Tensor) -> Tensor:
        """What the last block gave, as images."""
        images: Tensor = self.last(self.up(content)).float().tanh()
        return images

    def _maps(self, image: Tensor) -> list[Tensor]:
        padded = F.pad(image, (3, 3, 3, 3), mode="reflect")
        half = self.second(self.first(padded))
        quarter = self.third(self.second_norm(half))
        maps = [padded, half, quarter]
        x = self.third_norm(quarter)
        for block in self.blocks:
            x = block(x)
            maps.append(x)
        return maps


def blurred_patch_sizes(halvings: int) -> Sizes:
    """What such a critic takes: three pixels are left to the last two layers, which take one each."""
    return Sizes(least=3 << halvings)


@final
class BlurredPatchCritic(nn.Module):
    """Images [N, C, H, W] -> logits of patches [N, 1, h, w]: a PatchGAN whose halvings are filtered.

    4x4 convolutions of stride 1, `halvings` of them followed by a filtered halving; LeakyReLU .2 between; a norm in all
    but the first and the last. `width` is that of the first, and it doubles to at most 8 times.
    """

    def __init__(self, channels: int, width: int, halvings: int, norm: Norm) -> None:
        super().__init__()
        self.sizes = blurred_patch_sizes(halvings)
        maps = [channels, *(width * min(2**index, 8) for index in range(halvings + 1))]
        layers: list[nn.Module] = []
        for index, (inputs, outputs) in enumerate(pairwise(maps)):
            layers.append(nn.Conv2d(inputs, outputs, 4, 1, 1, bias=not index))
            layers += [norm2d(norm, outputs)] if index else []
            layers.append(nn.LeakyReLU(0.2))
            layers += [BlurHalving()] if index < halvings else []
        self.layers = nn.Sequential(*layers, nn.Conv2d(maps[-1], 1, 4, 1, 1))
        initialise(self, "glorot")

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.layers(image)
        return logits
