"""Whether classes that a model has found by itself are those that people see, up to their names."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score
from torch import nn

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import key
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import pixels
from saddlepoint.methods.abilities import Predicts
from saddlepoint.metrics.proofs.base import Measure, Table


def matched(codes: np.ndarray, labels: np.ndarray, classes: int) -> float:
    """Share of images [n] whose code is that of their class, once codes and classes are paired, one to one, at best."""
    counts = np.zeros((int(codes.max()) + 1, classes), np.int64)
    np.add.at(counts, (codes, labels), 1)
    rows, columns = linear_sum_assignment(-counts)
    return float(counts[rows, columns].sum() / len(codes))


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Accuracy of the codes as classes, and what either tells of the other.

    The baseline is the same network at random weights; k-means on the pixels stands beside it, and is strong where the
    classes look as different as digits do.
    """
    if not isinstance(model.method, Predicts):
        raise ConfigError(f"{model.name} on {dataset.source} names no classes.")
    labels, classes = dataset.fields["label"], len(dataset.classes)
    images = pixels(torch.from_numpy(np.ascontiguousarray(dataset.images)))

    def row(kind: str, name: str, codes: np.ndarray) -> dict[str, Any]:
        information = normalized_mutual_info_score(labels, codes)
        return {"kind": kind, "name": name, "accuracy": matched(codes, labels, classes), "information": information}

    def codes_of(nets: nn.Module) -> np.ndarray:
        method: Any = model.method
        with torch.no_grad():
            named: torch.Tensor = method.predict(nets, images.to(model.device))["class"]
        return named.argmax(1).cpu().numpy()

    with torch.random.fork_rng(devices=()):
        torch.manual_seed(key(seed, "untrained"))
        untrained = model.method.networks(model.spec).eval().to(model.device)
    flat = images.flatten(1).numpy()
    clusters = KMeans(classes, n_init=4, random_state=seed).fit_predict(flat)
    return Table(
        rows=(
            row("generated", model.name, codes_of(model.nets)),
            row("baseline", "naive: the same network, untrained", codes_of(untrained)),
            row("other", "k-means on the pixels", clusters),
        ),
        protocol=(
            f"All {len(images):,} images; of no method a label was used. accuracy: share whose code is that of their"
            " class, codes and classes paired one to one as fits best. information: of codes and classes, normalised."
        ),
    )


MEASURE = Measure(compare, {"accuracy": "more", "information": "more"}, fields={"image": Image, "label": Label})
