"""How like real clouds generated ones are as a set: coverage and 1-nearest-neighbour accuracy by Chamfer distance."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.metrics.formulas.cloud_sets import chamfer_matrix, coverage, least_distance, nearest_accuracy
from saddlepoint.metrics.proofs.base import Measure, Table

_CLOUDS, _POINTS = 120, 128


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Of 120 generated clouds and as many held-out ones: the share of these that are the nearest to a generated one,
    the accuracy of telling both sets apart by the nearest neighbour, and the distance to the nearest.

    The baseline draws every point alone from those of all training clouds: the mean cloud.
    """
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    draw = numpy_generator(seed, "cloud sets")
    clouds = dataset.fields["cloud"]
    real = torch.from_numpy(clouds[draw.permutation(held_out)[:_CLOUDS], :_POINTS, :3].astype(np.float32))
    others = torch.from_numpy(clouds[draw.permutation(train)[: len(real)], :_POINTS, :3].astype(np.float32))
    pool = clouds[train][..., :3].reshape(-1, 3).astype(np.float32)
    alone = torch.from_numpy(pool[draw.integers(0, len(pool), (len(real), _POINTS))])
    among_real = chamfer_matrix(real, real)

    def row(kind: str, name: str, values: Tensor) -> dict[str, Any]:
        between = chamfer_matrix(values, real)
        return {
            "kind": kind,
            "name": name,
            "coverage": coverage(between),
            "told_apart": nearest_accuracy(chamfer_matrix(values, values), between, among_real),
            "distance": least_distance(between),
        }

    generated = model.sample(len(real), seed=seed)
    order = torch.from_numpy(draw.permutation(generated.shape[1])[:_POINTS])
    return Table(
        rows=(
            row("generated", model.name, torch.as_tensor(generated)[:, order, :3]),
            row("real", "training clouds", others),
            row("baseline", "naive: each point alone", alone),
        ),
        protocol=(
            f"{len(real)} clouds each, {_POINTS} points of a cloud, Chamfer's distance; coverage is the share of those"
            " held out that are the nearest to some cloud, told_apart the accuracy of the nearest neighbour among both"
            " sets (.5 at best), distance the mean distance of a held-out cloud to the nearest."
        ),
    )


MEASURE = Measure(compare, {"coverage": "more", "told_apart": "less", "distance": "less"}, {"cloud": Cloud})
