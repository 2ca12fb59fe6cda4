"""DeepDeblur's network: one residual network a scale, from coarse to fine, each told what the coarser one has made.
Nah et al. 2017, arXiv:1612.02177, figure 3."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@final
class DeepDeblurNet(nn.Module):
    """Blurred images [N, C, H, W] -> sharp ones, float32, of any size.

    scales: sizes, each half of the one before; every one has a network of its own. kernel: side of the convolutions.
    """

    def __init__(self, channels: int, width: int, blocks: int, scales: int = 3, kernel: int = 5) -> None:
        super().__init__()
        self.bodies = nn.ModuleList(
            _body(channels * (1 if scale == scales - 1 else 2), channels, width, blocks, kernel)
            for scale in range(scales)
        )
        self.enlarge = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, 4 * channels, kernel, padding=kernel // 2), nn.PixelShuffle(2))
            for _ in range(scales - 1)
        )

    def pyramid(self, image: Tensor) -> list[Tensor]:
        """An image at each scale, finest first: means of 2x2 pixels."""
        levels = [image]
        for _ in range(len(self.bodies) - 1):
            levels.append(F.avg_pool2d(levels[-1], 2))
        return levels

    def scales(self, levels: list[Tensor]) -> list[Tensor]:
        """What is made of a pyramid, finest first."""
        results: list[Tensor] = []
        for scale in reversed(range(len(levels))):
            x = levels[scale]
            if results:
                x = torch.cat((x, self.enlarge[scale](results[0])), 1)
            results.insert(0, self.bodies[scale](x))
        return results

    def forward(self, image: Tensor) -> Tensor:
        multiple = 1 << (len(self.bodies) - 1)
        height, width = image.shape[2:]
        rest = (0, -width % multiple, 0, -height % multiple)
        padded = F.pad(image, rest, mode="replicate") if any(rest) else image
        return self.scales(self.pyramid(padded))[0][..., :height, :width].float()


def _body(inputs: int, outputs: int, width: int, blocks: int, kernel: int) -> nn.Sequential:
    padding = kernel // 2
    return nn.Sequential(
        nn.Conv2d(inputs, width, kernel, padding=padding),
        *(_Block(width, kernel) for _ in range(blocks)),
        nn.Conv2d(width, outputs, kernel, padding=padding),
    )


@final
class _Block(nn.Module):
    """conv, ReLU, conv beside a skip; nothing after the sum."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        padding = kernel // 2
        self.layers = nn.Sequential(
            *(nn.Conv2d(width, width, kernel, padding=padding), nn.ReLU(inplace=True)),
            nn.Conv2d(width, width, kernel, padding=padding),
        )

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = x + self.layers(x)
        return added
