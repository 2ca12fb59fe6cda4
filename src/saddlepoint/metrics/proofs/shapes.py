"""How near generated volumes come to real shapes, and of how many classes: for worlds of volumes with labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.volume import Volume
from saddlepoint.metrics.proofs.base import Measure, Table

_SHAPES = 400  # generated
_NEAR = 0.5  # of intersection over union, from where on a shape counts as near a real one
_CLASS = 0.05  # share of the near shapes from where on a class counts


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Share of 400 volumes, cut at one half, whose nearest training shape has an intersection over union of .5 or more.

    Beside it: the mean of that overlap, the classes that at least 5 % of the near shapes are of, and the share of 400
    training shapes that are the nearest to some generated one. The baseline draws every voxel alone, by how often it is
    filled.
    """
    assert dataset.labels is not None
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    draw = numpy_generator(seed, "shapes")
    references = _flat(dataset.examples[train])
    labels = dataset.labels[train]
    mean = references.mean(0)

    def row(kind: str, name: str, volumes: np.ndarray) -> dict[str, Any]:
        overlap = overlaps(volumes, references)
        nearest, best = overlap.argmax(1), overlap.max(1)
        near = best >= _NEAR
        counts = np.bincount(labels[nearest[near]], minlength=len(dataset.classes))
        return {
            "kind": kind,
            "name": name,
            "near": float(near.mean()),
            "overlap": float(best.mean()),
            "classes": int((counts >= max(_CLASS * near.sum(), 1)).sum()),
            "distinct": len(np.unique(nearest[near])) / len(volumes),
        }

    solids = model.sample(_SHAPES, seed=seed).flatten(1).numpy() >= 0.5
    alone = draw.random((_SHAPES, references.shape[1]), dtype=np.float32) < mean
    return Table(
        rows=(
            row("generated", model.name, solids.astype(np.float32)),
            row("real", "held-out shapes", _flat(dataset.examples[held_out][:_SHAPES])),
            row("baseline", "naive: each voxel alone", alone.astype(np.float32)),
            row("other", "naive: the mean shape", np.tile(mean >= 0.5, (_SHAPES, 1)).astype(np.float32)),
        ),
        protocol=(
            f"{_SHAPES} volumes cut at one half, each with the nearest of {len(train):,} training shapes; near is an"
            f" intersection over union of {_NEAR:g} or more."
        ),
    )


def overlaps(volumes: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Intersection over union of every pair of shapes of 0 and 1, [n, voxels] and [m, voxels] -> [n, m]; 0 for two
    empty ones."""
    both = volumes @ references.T
    either = volumes.sum(1)[:, None] + references.sum(1)[None] - both
    overlap: np.ndarray = both / np.maximum(either, 1)
    return overlap


def _flat(volumes: np.ndarray) -> np.ndarray:
    return (volumes.reshape(len(volumes), -1) > 0).astype(np.float32)


MEASURE = Measure(
    compare,
    {"near": "more", "overlap": "more", "classes": "more", "distinct": "more"},
    {"volume": Volume, "label": Label},
)
