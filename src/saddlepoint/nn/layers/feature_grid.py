"""Features at the nodes of a grid, read linearly between them: of a whole grid, or of some nodes in a sorted list."""

from __future__ import annotations

from itertools import product
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.errors import ConfigError

_NONE = torch.iinfo(torch.int64).max


@final
class DenseGrid(nn.Module):
    """Places [..., D] in [-1, 1] (D 2 or 3) -> features [..., F]; nodes^D nodes, the outermost on the border."""

    def __init__(self, axes: int, nodes: int, features: int) -> None:
        super().__init__()
        self.axes = axes
        self.values = nn.Parameter(torch.empty(features, *[nodes] * axes).uniform_(-1e-2, 1e-2))

    def forward(self, place: Tensor) -> Tensor:
        flat = place.reshape(1, *[1] * (self.axes - 1), -1, self.axes)
        read = F.grid_sample(self.values[None], flat, align_corners=True, padding_mode="border")
        return read.reshape(len(self.values), -1).T.reshape(*place.shape[:-1], -1)


@final
class SparseGrid(nn.Module):
    """The same of some nodes alone, found in a sorted list by halving: log K steps; other nodes count as zeros.

    nodes: of each axis. capacity: rows for nodes, of which `keep` fills as many as there are.
    """

    keys: Tensor

    def __init__(self, nodes: int, features: int, capacity: int) -> None:
        super().__init__()
        self.nodes = nodes
        self.register_buffer("keys", torch.full((capacity,), _NONE))
        self.values = nn.Parameter(torch.empty(capacity, features).uniform_(-1e-2, 1e-2))

    def keep(self, kept: Tensor) -> None:
        """Keeps these nodes: [K, D] whole numbers from 0 to less than `nodes`, x first, in any order; repeats are kept
        once. Raises ConfigError for more than there is room for."""
        keys = self._key(kept.long()).unique()
        if len(keys) > len(self.keys):
            raise ConfigError(
                f"a surface passes {len(keys):,} nodes of the grid, and there is room for {len(self.keys):,}."
            )
        self.keys.fill_(_NONE)
        self.keys[: len(keys)] = keys

    def _key(self, node: Tensor) -> Tensor:
        """One number for each node [..., D], the last coordinate weighing most."""
        powers = self.nodes ** torch.arange(node.shape[-1], device=node.device)
        return (node * powers).sum(-1)

    def forward(self, place: Tensor) -> Tensor:
        spot = ((place.clamp(-1, 1) + 1) / 2 * (self.nodes - 1)).clamp(0, self.nodes - 1)
        low = spot.detach().floor().clamp(max=self.nodes - 2).long()
        share = spot - low
        total = place.new_zeros(*place.shape[:-1], self.values.shape[1])
        for corner in product((0, 1), repeat=place.shape[-1]):
            step = torch.tensor(corner, device=place.device)
            key = self._key(low + step)
            row = torch.searchsorted(self.keys, key).clamp(max=len(self.keys) - 1)
            weight = torch.where(step.bool(), share, 1 - share).prod(-1) * (self.keys[row] == key)
            total = total + weight[..., None] * self.values[row]
        return total


def nodes_near(distances: Tensor, cells: int) -> Tensor:
    """The nodes of a grid of `cells` a side whose cells a surface passes: [K, 3], x first.

    distances: signed ones of a shape, [S, S, S] (z, y, x), in half sides of the cube.
    """
    line = torch.linspace(-1, 1, cells + 1)
    z, y, x = torch.meshgrid(line, line, line, indexing="ij")
    place = torch.stack((x, y, z), -1)[None]
    read = F.grid_sample(distances[None, None].float(), place, align_corners=False, padding_mode="border")[0, 0]
    return torch.nonzero(read.abs() <= 2 * 3**0.5 / cells).flip(1)
