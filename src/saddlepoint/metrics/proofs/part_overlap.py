"""How well a model tells the parts of held-out clouds apart: the mean intersection over union of parts."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.neighbors import KNeighborsClassifier

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.cloud import Cloud
from saddlepoint.kinds.parted_cloud import PartedCloud
from saddlepoint.kinds.parts import Parts
from saddlepoint.metrics.proofs.base import Measure, Table

_TAUGHT = 200_000  # points that the baseline looks among
_NEIGHBOURS = 15


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Mean over held-out clouds of the mean over the parts of a cloud of the intersection over union; and the share of
    points that are right.

    The baseline says of each point what most of the 15 nearest points of all training clouds are, so it knows where
    parts usually are and nothing of the cloud at hand.
    """
    task = model.task("predict")
    kind = None if task is None else task.gives.get("segments")
    if not isinstance(kind, PartedCloud):
        raise ConfigError(f"{model.name} on {dataset.source} finds no parts.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    clouds, truth = dataset.fields["cloud"].astype(np.float32), dataset.fields["parts"].astype(np.int64)
    unseen = torch.from_numpy(clouds[held_out])
    predicted = kind.parts(model.do("predict", {dataset.main.word: unseen}, batch=32)["segments"]).numpy()
    places, owners = clouds[train][..., :3].reshape(-1, 3), truth[train].ravel()
    step = max(1, len(places) // _TAUGHT)
    near = KNeighborsClassifier(_NEIGHBOURS).fit(places[::step], owners[::step])
    usual = near.predict(clouds[held_out][..., :3].reshape(-1, 3)).reshape(predicted.shape)
    most = np.full_like(predicted, np.bincount(owners).argmax())
    right = truth[held_out]

    def row(kind: str, name: str, parts: np.ndarray) -> dict[str, object]:
        return {"kind": kind, "name": name, "overlap": overlap(parts, right), "right": float((parts == right).mean())}

    return Table(
        rows=(
            row("generated", model.name, predicted),
            row("baseline", "naive: the parts usual at that place", usual),
            row("other", "naive: the commonest part", most),
        ),
        protocol=(
            f"{len(held_out):,} held-out clouds: intersection over union of each part that is there or is said to be,"
            " mean over the parts of a cloud, then over clouds; right is the share of points."
        ),
    )


def overlap(predicted: np.ndarray, truth: np.ndarray) -> float:
    """The mean over clouds of the mean over parts that either has of their intersection over union.  [n, P] each"""
    each = []
    for one, other in zip(predicted, truth):
        names = np.union1d(one, other)
        each.append(np.mean([((one == k) & (other == k)).sum() / ((one == k) | (other == k)).sum() for k in names]))
    return float(np.mean(each))


MEASURE = Measure(compare, {"overlap": "more", "right": "more"}, {"cloud": Cloud, "parts": Parts})
