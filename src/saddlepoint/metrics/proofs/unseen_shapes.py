"""How well a model describes solids that it never saw, beside the nearest training solid, and what lies between two."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.kinds.distances import Distances
from saddlepoint.kinds.kind import PLAIN, Kind
from saddlepoint.metrics.proofs.base import Measure, Table

_SHAPES = 20  # of the held-out ones


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Mean share of the union of each solid and its reconstruction that one alone has ("wrong"), and the overlap.

    between: share of pairs of held-out solids for which half-way between their latents is a solid whose volume lies
    between those of their reconstructions, with a tenth of room. The baseline answers with the training solid of the
    largest overlap.
    """
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    rows = held_out[:_SHAPES]
    shapes = dataset.main.shown(torch.from_numpy(np.ascontiguousarray(dataset.examples[rows])), PLAIN)
    word = dataset.main.word
    truth = _filled(dataset.main, shapes)
    known = _filled(
        dataset.main, dataset.main.shown(torch.from_numpy(np.ascontiguousarray(dataset.examples[train])), PLAIN)
    )
    latents = model.do("encode", {word: shapes}, batch=_SHAPES)["latents"]
    shown = _filled(dataset.main, model.do("generate", {"latents": latents})[word])
    half = _filled(dataset.main, model.do("generate", {"latents": (latents + latents.roll(1, 0)) / 2})[word])
    ends = torch.stack((shown.sum(1), shown.roll(1, 0).sum(1)))
    middle = half.sum(1)
    between = (middle >= 0.9 * ends.amin(0)) & (middle <= 1.1 * ends.amax(0))
    nearest = known[_overlaps(truth, known).argmax(1)]

    def row(kind: str, name: str, solids: Tensor, **more: float) -> dict[str, Any]:
        overlap = float(_overlaps(truth, solids).diagonal().mean())
        return {"kind": kind, "name": name, "wrong": 1 - overlap, "overlap": overlap, **more}

    table = (
        row("generated", model.name, shown, between=float(between.double().mean())),
        row("real", "the solids themselves", truth, between=1.0),
        row("baseline", "naive: the nearest training solid", nearest, between=0.0),
    )
    return Table(table, f"{len(rows)} held-out solids of {len(train)} that were learnt from; overlap is a mean.")


def _filled(kind: Kind, shapes: Tensor) -> Tensor:
    """Which voxels are inside, [n, voxels] of 0 and 1."""
    inside = shapes <= 0 if isinstance(kind, Distances) else shapes > 0.5
    return inside.flatten(1).float()


def _overlaps(solids: Tensor, others: Tensor) -> Tensor:
    """Intersection over union of every pair, [n, voxels] and [m, voxels] -> [n, m]."""
    both = solids @ others.T
    return both / (solids.sum(1)[:, None] + others.sum(1) - both).clamp_min(1)


MEASURE = Measure(compare, {"wrong": "less", "overlap": "more", "between": "more"})
