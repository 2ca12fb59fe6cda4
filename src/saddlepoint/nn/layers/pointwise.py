"""One small network for every point alike: linear maps with batch norm over all points, PointNet's shared layers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import final

from torch import Tensor, nn


@final
class PointLayer(nn.Module):
    """[..., C] -> [..., D]: a linear map without bias, batch norm over all but the last axis, ReLU."""

    def __init__(self, inputs: int, outputs: int, active: bool = True) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs, bias=False)
        self.norm = nn.BatchNorm1d(outputs)
        self.active = nn.ReLU(inplace=True) if active else nn.Identity()

    def forward(self, values: Tensor) -> Tensor:
        flat = self.norm(self.linear(values.reshape(-1, values.shape[-1])))
        outputs: Tensor = self.active(flat)
        return outputs.view(*values.shape[:-1], -1)


def point_layers(inputs: int, widths: Sequence[int]) -> nn.Sequential:
    """Such layers one after the other."""
    return nn.Sequential(*(PointLayer(one, other) for one, other in pairwise((inputs, *widths))))


@final
class LargestOfPoints(nn.Module):
    """[..., P, C] -> [..., D]: such layers for each point, and the largest of each number over the points.

    The last ReLU comes after the maximum, which gives the same and costs one P-th.
    """

    def __init__(self, inputs: int, widths: Sequence[int]) -> None:
        super().__init__()
        *before, last = widths
        self.layers = nn.Sequential(
            *point_layers(inputs, before), PointLayer((inputs, *before)[-1], last, active=False)
        )

    def forward(self, values: Tensor) -> Tensor:
        largest: Tensor = self.layers(values).max(-2).values.relu()
        return largest


def head(inputs: int, widths: Sequence[int], outputs: int, dropout: float) -> nn.Sequential:
    """From one vector a shape [N, C] to logits: such layers with dropout after each, and a last linear map."""
    layers: list[nn.Module] = []
    for one, other in pairwise((inputs, *widths)):
        layers += [PointLayer(one, other), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear((inputs, *widths)[-1], outputs))
