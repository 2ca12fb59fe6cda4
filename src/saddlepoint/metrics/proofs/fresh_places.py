"""How much of a solid that a network holds is right between the places of its data, beside a grid as large."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world import knots
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.distances import Distances, middles
from saddlepoint.kinds.surface import surface_of
from saddlepoint.metrics.proofs.base import Measure, Table

_SIDE = 64  # places a side, finer than the data


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Share of the union of true and shown solid that only one of them has ("wrong"), with their overlap, and the mean
    distance of the shown surface to the true one.

    The baseline keeps true signed distances on a grid of at most as many numbers as the network has, and reads linearly
    between them.
    """
    if dataset.source != "world:knots":
        raise ConfigError(f"this measure knows the solids of world:knots, not those of {dataset.source}.")
    method: Any = model.method
    number = int(dataset.split(model.facts["data"]["held_out"])[0][method.number])
    truth = _true(number, _SIDE)
    with torch.no_grad():
        kind, shown = method.at_side(model.nets, _SIDE)
    values = shown[0, 0] if isinstance(kind, Distances) else 0.5 - shown[0, 0]
    numbers = sum(each.numel() for each in model.nets.get_submodule("field").parameters())
    nodes = int(numbers ** (1 / 3) + 1e-9)
    coarse = _true(number, nodes)
    between = F.grid_sample(coarse[None, None], middles(_SIDE)[None], align_corners=False, padding_mode="border")[0, 0]

    def row(kind: str, name: str, field: Tensor) -> dict[str, Any]:
        a, b = field <= 0, truth <= 0
        overlap = float((a & b).sum() / (a | b).sum().clamp_min(1))
        vertices = (surface_of(field.numpy(), 0.0, 1.0).vertices + 0.5) * (2 / _SIDE) - 1
        some = numpy_generator("fresh places").permutation(len(vertices))[:4000]
        away = float(np.abs(knots.distances(number, vertices[some])).mean()) if len(some) else float("inf")
        return {"kind": kind, "name": name, "wrong": 1 - overlap, "overlap": overlap, "away": min(away, 2.0)}

    rows = (
        row("generated", model.name, values),
        row("real", "the true distances", truth),
        row("baseline", f"naive: a grid of {nodes}x{nodes}x{nodes}", between),
    )
    protocol = f"{_SIDE}x{_SIDE}x{_SIDE} places, finer than the data; the network has {numbers:,} numbers."
    return Table(rows, protocol)


def _true(number: int, side: int) -> Tensor:
    """The signed distances of a knot, [side, side, side]."""
    distances = knots.distances(number, middles(side).view(-1, 3).numpy())
    return torch.from_numpy(distances).float().view(side, side, side)


MEASURE = Measure(compare, {"wrong": "less", "overlap": "more", "away": "less"}, {"distances": Distances})
