"""DANet's critic: one number for a clean image and a noisy one together, without norm. Yue et al. 2020,
arXiv:2007.05946, section 4.1."""

from __future__ import annotations

from typing import Any, final

from torch import Tensor, nn
from torch.nn import functional as F


@final
class NoisePairCritic(nn.Module):
    """Pairs [N, 2 C, H, W] -> [N] scores: five 4x4 convolutions that halve, and one over the 4x4 pixels that are left.

    width: channels in the first layer, doubled with each. offset: add a number to all scores, which their differences
    do not see. Of other sides than 128 the last maps are averaged to 4x4.
    """

    def __init__(self, channels: int, width: int, *, offset: bool = True) -> None:
        super().__init__()
        widths = [channels, *(width << level for level in range(6))]
        self.layers = nn.ModuleList(
            nn.Conv2d(widths[level], widths[level + 1], 4, 2 if level < 5 else 1, 1 if level < 5 else 0, bias=False)
            for level in range(6)
        )
        self.output = nn.Linear(widths[-1], 1, bias=offset)

    def forward(self, pair: Tensor) -> Tensor:
        x = pair
        layers: list[Any] = list(self.layers)
        *halving, last = layers
        for layer in halving:
            if min(x.shape[2:]) > 4:  # small images run out of sides before they run out of layers
                x = F.leaky_relu(layer(x), 0.2)
            else:
                x = F.leaky_relu(F.conv2d(x, layer.weight[..., 1:, 1:], padding=1), 0.2)
        x = F.leaky_relu(last(F.adaptive_avg_pool2d(x, 4)), 0.2)
        score: Tensor = self.output(x.flatten(1)).squeeze(1)
        return score.float()
