"""How often held-out images are named wrongly, and whether attention lies on what they show."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import pixels
from saddlepoint.methods.abilities import Attends
from saddlepoint.metrics.proofs.base import Measure, Table

_SHOWN = 500  # images whose attention is looked at
_TAUGHT = 5000  # images that the logistic regression learns from


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Share of held-out images named wrongly, and where attention lies, of silhouettes.

    The baselines are logistic regression on pixels, with attention that is spread evenly, and the most frequent class.
    """
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    labels = dataset.fields["label"]
    unseen = pixels(torch.from_numpy(dataset.images[held_out]))
    wrong = model.classify(unseen).argmax(1).numpy() != labels[held_out]
    taught = train[:: max(1, len(train) // _TAUGHT)]
    linear = LogisticRegression(max_iter=1000).fit(_flat(dataset, taught), labels[taught])
    naive = linear.predict(_flat(dataset, held_out)) != labels[held_out]
    often = np.bincount(labels[train]).argmax() != labels[held_out]
    own: dict[str, Any] = {"error": float(wrong.mean())}
    even: dict[str, Any] = {}
    words = ""
    if isinstance(model.method, Attends):
        if dataset.source != "world:silhouettes":
            raise ConfigError(f"nobody knows where the shape is in {dataset.source}; in world:silhouettes it is white.")
        own["on_shape"] = on_shape(model.method.attended(model.nets, unseen[:_SHOWN]), unseen[:_SHOWN])
        even["on_shape"] = 1.0
        words = (
            " on_shape: the share of the attention that lies on the shape, rolled out over the layers, over the share"
            f" of the image that the shape takes, mean over {_SHOWN} images; 1 is attention that is spread evenly."
        )
    return Table(
        rows=(
            {"kind": "generated", "name": model.name, **own},
            {"kind": "baseline", "name": "naive: logistic regression", "error": float(naive.mean()), **even},
            {"kind": "other", "name": "the most frequent class", "error": float(often.mean()), **even},
        ),
        protocol=(
            f"error: share of {len(held_out):,} held-out images named wrongly; logistic regression learns from"
            f" {len(taught):,} others.{words}"
        ),
    )


def on_shape(attention: Tensor, images: Tensor) -> float:
    """The share of attention on white pixels over their share of the image, mean over images.

    attention: [n, rows, columns], which sums to 1 for each; each patch is spread evenly over its pixels.
    """
    white = (images[:, 0] > 0).float()
    spread = F.interpolate(attention[:, None].cpu(), white.shape[1:], mode="nearest")[:, 0]
    share = (spread * white).sum((1, 2)) / spread.sum((1, 2))
    return float((share / white.mean((1, 2)).clamp_min(1e-6)).mean())


MEASURE = Measure(compare, {"error": "less", "on_shape": "more"}, fields={"image": Image, "label": Label})


def _flat(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    return np.asarray(dataset.images[rows].reshape(len(rows), -1) / 127.5 - 1)
