"""Virtual batch norm: each example by its own statistics and those of a batch that never changes.

Salimans et al. 2016, arXiv:1606.03498, section 3.4. Per channel the mean and the mean square are 1/(N+1) of the example
and N/(N+1) of the reference batch of N, as in the authors' code (openai/improved-gan, imagenet/model.py). So an image
depends on no other of its batch, at the cost of a second forward pass.
"""

from __future__ import annotations

from typing import Any, final

import torch
from torch import Tensor, nn


@final
class VirtualBatchNorm(nn.Module):
    """[N, C, ...] -> the same, each example normalised by itself and the reference, then scaled and shifted."""

    def __init__(self, channels: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.eps = eps
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.reference: tuple[Tensor, Tensor, int] | None = None
        """mean and mean square [C] of the reference batch, and its size; None while the reference passes through"""

    def forward(self, x: Tensor) -> Tensor:
        places = tuple(range(2, x.dim()))
        mean, square = (each.mean(places) if places else each for each in (x.float(), x.float().square()))  # [N, C]
        if self.reference is None:
            mean, square = mean.mean(0, keepdim=True), square.mean(0, keepdim=True)
            self.reference = mean[0], square[0], len(x)
        else:
            whole_mean, whole_square, n = self.reference
            mean, square = (mean + n * whole_mean) / (n + 1), (square + n * whole_square) / (n + 1)
        scale = (square - mean.square() + self.eps).rsqrt() * self.weight
        shift = self.bias - mean * scale
        shape = (*scale.shape, *[1] * len(places))
        return (x * scale.view(shape) + shift.view(shape)).to(x.dtype)


@final
class Virtually(nn.Module):
    """A network whose batch norms are virtual: `reference`, [N, ...], goes through it before every batch.

    The network's own batch norms are replaced; the reference is kept with the weights.
    """

    def __init__(self, network: nn.Module, reference: Tensor) -> None:
        super().__init__()
        self.network, self.reference = _replaced(network), nn.Buffer(reference.clone())

    def forward(self, x: Tensor) -> Tensor:
        norms = [module for module in self.network.modules() if isinstance(module, VirtualBatchNorm)]
        for norm in norms:
            norm.reference = None
        self.network(self.reference)  # its statistics are learnt through, as in the authors' code
        output: Tensor = self.network(x)
        for norm in norms:
            norm.reference = None  # holds a graph
        return output


def _replaced(network: nn.Module) -> nn.Module:
    """The network with each batch norm made virtual, its weights kept."""
    for name, module in network.named_children():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            virtual: Any = VirtualBatchNorm(module.num_features)
            if module.affine:
                virtual.load_state_dict({"weight": module.weight.detach(), "bias": module.bias.detach()})
            setattr(network, name, virtual)
        else:
            _replaced(module)
    return network
