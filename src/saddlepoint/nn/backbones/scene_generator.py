"""A generator and critics of scenes from layouts and attributes (SGN). Karacan et al. 2020, arXiv:1808.07413, sec. 3.1.

Paper                      here
40 attribute maps          `joined`: the attributes as maps, made narrower by a linear layer
image and layout streams   `image` and `told` of each scale of `SceneCritic`
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.kinds.kind import Kind
from saddlepoint.nn.backbones.resnet_translator import Block
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.sizes import Sizes

_HALVINGS = 3


def scene_sizes(scales: int) -> Sizes:
    """What both take: the blocks reflect a pixel at an eighth of the side; critics halve each scale three times."""
    return Sizes(multiple=1 << _HALVINGS, least=max(2 << _HALVINGS, 8 << (scales - 1)))


@final
class SceneGenerator(nn.Module):
    """Layouts with noise [N, inputs, H, W], attributes [N, count] -> scenes [N, channels, H, W] in [-1, 1], float32.

    width: channels at the full side; they double with each of three halvings. segments: how many classes the noise is
    for, which the network keeps for whoever asks it, as it does `names` of attributes and the `form` of layouts.
    """

    names: tuple[str, ...] = ()
    form: Kind | None = None

    def __init__(self, inputs: int, channels: int, count: int, width: int, blocks: int, segments: int) -> None:
        super().__init__()
        self.segments, self.sizes = segments, scene_sizes(1)
        layers: list[nn.Module] = [
            *(nn.Conv2d(inputs, width, 7, padding=3, padding_mode="reflect", bias=False), nn.InstanceNorm2d(width)),
            nn.ReLU(),
        ]
        for level in range(_HALVINGS):
            conv = nn.Conv2d(width << level, width << (level + 1), 3, 2, 1, bias=False)
            layers += [conv, nn.InstanceNorm2d(width << (level + 1)), nn.ReLU()]
        self.down = nn.Sequential(*layers)
        wide = width << _HALVINGS
        self.attributes = nn.Linear(count, min(40, wide))
        # Attributes are alike at all places, which the norms of the blocks would take away: a bias comes after them.
        self.joined = nn.ModuleList(nn.Conv2d(wide + min(40, wide), wide, 1) for _ in range(blocks))
        self.blocks = nn.ModuleList(Block(wide) for _ in range(blocks))
        up: list[nn.Module] = []
        for level in reversed(range(_HALVINGS)):
            conv_up = nn.ConvTranspose2d(width << (level + 1), width << level, 3, 2, 1, 1)
            up += [conv_up, nn.ReLU()]
        self.up = nn.Sequential(*up)
        self.last = nn.Conv2d(width, channels, 7, padding=3, padding_mode="reflect")
        initialise(self, "he")
        nn.init.normal_(self.last.weight, 0.0, 0.02)

    def forward(self, layout: Tensor, attributes: Tensor) -> Tensor:
        x, numbers = self.down(layout), self.attributes(attributes)[:, :, None, None]
        for join, block in zip(self.joined, self.blocks):
            x = block(join(torch.cat((x, numbers.expand(-1, -1, *x.shape[2:])), 1)))
        images: Tensor = self.last(self.up(x)).float().tanh()
        return images


@final
class SceneCritic(nn.Module):
    """Images [N, C, H, W], layouts [N, L, H, W] and attributes [N, K], L + K = told -> logits [N, 1, h, w] by scale."""

    def __init__(self, channels: int, told: int, width: int, scales: int) -> None:
        super().__init__()
        self.sizes = scene_sizes(scales)
        self.image = nn.ModuleList(_stream(channels, width) for _ in range(scales))
        self.told = nn.ModuleList(_stream(told, width) for _ in range(scales))
        self.judge = nn.ModuleList(
            nn.Sequential(nn.Conv2d(4 * width, 4 * width, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(4 * width, 1, 1))
            for _ in range(scales)
        )
        initialise(self, "he")

    def forward(self, image: Tensor, layout: Tensor, attributes: Tensor) -> tuple[Tensor, ...]:
        condition = torch.cat((layout, attributes[:, :, None, None].expand(-1, -1, *layout.shape[2:])), 1)
        logits = []
        for place, (own, given, judge) in enumerate(zip(self.image, self.told, self.judge)):
            if place:
                image, condition = F.avg_pool2d(image, 2), F.avg_pool2d(condition, 2)
            logits.append(judge(torch.cat((own(image), given(condition)), 1)))
        return tuple(logits)


def _stream(inputs: int, width: int) -> nn.Sequential:
    first, second = nn.Conv2d(inputs, width, 4, 2, 1), nn.Conv2d(width, 2 * width, 4, 2, 1)
    return nn.Sequential(first, nn.LeakyReLU(0.2), second, nn.LeakyReLU(0.2))
