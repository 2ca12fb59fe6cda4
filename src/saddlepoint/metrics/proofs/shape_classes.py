"""How often held-out shapes are named wrongly: clouds, grids of voxels or meshes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.kinds.kind import PLAIN, Kind
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.mesh import Mesh
from saddlepoint.kinds.volume import Volume
from saddlepoint.metrics.proofs.base import Measure, Table

_PAIRS, _BINS = 2048, 32
_NEIGHBOURS = 5


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Share of held-out shapes named wrongly, beside classifiers on descriptors made by hand.

    The baseline is the better of two: logistic regression on ten moments of points (of meshes, of points on the
    surface) or on volume and extents of grids; and the nearest neighbours of D2, the histogram of distances of pairs of
    points (Osada et al. 2002).
    """
    kind = dataset.main
    if not isinstance(kind, Cloud | Volume | Mesh):
        raise ConfigError(f"this measure is of clouds, volumes and meshes; {dataset.source} has {kind}.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    labels = dataset.fields["label"]

    def shown(rows: np.ndarray) -> Tensor:
        return kind.shown(torch.from_numpy(np.ascontiguousarray(dataset.examples[rows])), PLAIN)

    wrong = model.classify(shown(held_out), batch=32).argmax(1).numpy() != labels[held_out]
    train_points, test_points = (_points(kind, shown(rows), rows) for rows in (train, held_out))
    errors: dict[str, float] = {}
    for name, describe, learner in _baselines(kind):
        fitted = learner.fit(np.stack([describe(each) for each in train_points]), labels[train])
        named = fitted.predict(np.stack([describe(each) for each in test_points]))
        errors[name] = float((named != labels[held_out]).mean())
    best = min(errors, key=errors.__getitem__)
    rows: list[dict[str, Any]] = [{"kind": "generated", "name": model.name, "error": float(wrong.mean())}]
    rows += [{"kind": "baseline", "name": f"naive: {best}", "error": errors.pop(best)}]
    rows += [{"kind": "other", "name": f"naive: {name}", "error": error} for name, error in errors.items()]
    return Table(
        rows=rows,
        protocol=(
            f"share of {len(held_out):,} held-out {kind.word} named wrongly; the baselines learn from the same"
            f" {len(train):,} others: logistic regression on mean, covariances and mean radius of points, or on volume"
            f" and extents of grids, and the {_NEIGHBOURS} nearest by the histogram of {_PAIRS:,} distances of pairs."
        ),
    )


def _baselines(kind: Kind) -> list[tuple[str, Callable[[np.ndarray], np.ndarray], Any]]:
    logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    described = ("volume and extents", extents) if isinstance(kind, Volume) else ("ten moments", moments)
    return [
        (f"logistic regression on {described[0]}", described[1], logistic),
        ("nearest by distances of pairs", histogram, KNeighborsClassifier(_NEIGHBOURS)),
    ]


def _points(kind: Cloud | Volume | Mesh, values: Tensor, rows: np.ndarray) -> list[np.ndarray]:
    """Each shape as points [p, 3]: those of a cloud, middles of filled voxels, or points even over a mesh."""
    if isinstance(kind, Cloud):
        return [cloud[:, :3].numpy() for cloud in values]
    if isinstance(kind, Volume):
        return [np.argwhere(grid[0].numpy() >= 0.5).astype(np.float64) / max(kind.shape[1:]) for grid in values]
    clouds = []
    for row, value in zip(rows, values):
        places, faces = (part.numpy() for part in kind.unpacked(value))
        clouds.append(on_surface(places, faces, 256, numpy_generator("surface", int(row))))
    return clouds


def on_surface(places: np.ndarray, faces: np.ndarray, points: int, draw: np.random.Generator) -> np.ndarray:
    """Points even over triangles.  [points, 3]"""
    corners = places[faces]
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    chosen = corners[draw.choice(len(areas), points, p=areas / areas.sum())]
    a, b = np.sqrt(draw.random(points))[:, None], draw.random(points)[:, None]
    on: np.ndarray = (1 - a) * chosen[:, 0] + a * (1 - b) * chosen[:, 1] + a * b * chosen[:, 2]
    return on


def moments(points: np.ndarray) -> np.ndarray:
    """Of points [p, 3]: their mean, covariances and mean distance to the mean.  [10]"""
    if not len(points):
        return np.zeros(10)
    middle = points.mean(0)
    away = points - middle
    second = (away.T @ away / len(points))[np.triu_indices(3)]
    return np.concatenate((middle, second, [np.linalg.norm(away, axis=1).mean()]))


def extents(points: np.ndarray) -> np.ndarray:
    """Of the middles of filled voxels [p, 3]: their number and the sides of their box.  [4]"""
    return np.concatenate(([len(points)], np.ptp(points, axis=0) if len(points) else np.zeros(3)))


def histogram(points: np.ndarray) -> np.ndarray:
    """D2: the histogram of distances of pairs of points, over their mean distance.  [32]"""
    if len(points) < 2:
        return np.zeros(_BINS)
    draw = numpy_generator("pairs", len(points))
    first, second = draw.integers(0, len(points), (2, _PAIRS))
    distance = np.linalg.norm(points[first] - points[second], axis=1)
    counts, _ = np.histogram(distance / max(distance.mean(), 1e-12), _BINS, (0, 3))
    return counts / _PAIRS


MEASURE = Measure(compare, {"error": "less"}, {"label": Label})
