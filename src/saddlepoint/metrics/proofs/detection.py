"""How well the objects of held-out images are found: the average precision of boxes."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.cluster import KMeans
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.kinds.boxes import Boxes
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import pixels
from saddlepoint.metrics.formulas.average_precision import average_precision
from saddlepoint.metrics.proofs.base import Measure, Table

_AT_ONCE, _PLACES = 128, 8


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Average precision at an overlap of .5 and of .75. The baseline says the same boxes of every image."""
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    stored = torch.from_numpy(np.asarray(dataset.fields["boxes"]))
    truths = list(stored[held_out])
    shown = pixels(torch.from_numpy(np.asarray(dataset.images[held_out])))
    outputs = [model.do("predict", {model.spec.main.word: part})["boxes"] for part in shown.split(_AT_ONCE)]
    guesses = list(torch.cat([each.as_subclass(Tensor) for each in outputs]).cpu())
    same = [_usual(stored[train].flatten(0, 1))] * len(truths)

    def row(kind: str, name: str, boxes: list[Tensor]) -> dict[str, object]:
        each = [average_precision(boxes, truths, least) for least in (0.5, 0.75)]
        return {"kind": kind, "name": name, **{f"ap{n}": float(np.mean([*e.values()])) for n, e in zip((50, 75), each)}}

    return Table(
        rows=(
            row("generated", model.name, guesses),
            row("baseline", f"naive: the same {_PLACES} boxes a class for every image", same),
        ),
        protocol=(
            f"Average precision over all points, mean over classes, of {len(truths)} held-out images, more is better: a"
            " guess finds a true box of its class where intersection over union is .5 or more (ap50) or .75 (ap75)."
            " The baseline's boxes are the means of clusters of the boxes of training."
        ),
    )


def _usual(boxes: Tensor) -> Tensor:
    """The same boxes for all: of each class the means of clusters, with the share of boxes in each as the score."""
    rows = []
    for label in sorted({int(value) for value in boxes[:, 0].tolist() if value >= 0}):
        own = boxes[boxes[:, 0] == label, 2:].numpy()
        clusters = KMeans(min(_PLACES, len(own)), n_init=1, random_state=0).fit(own)
        share = np.bincount(clusters.labels_, minlength=len(clusters.cluster_centers_)) / len(own)
        rows += [[float(label), float(s), *map(float, c)] for s, c in zip(share, clusters.cluster_centers_)]
    return torch.tensor(rows)


MEASURE = Measure(compare, {"ap50": "more", "ap75": "more"}, fields={"image": Image, "boxes": Boxes})
