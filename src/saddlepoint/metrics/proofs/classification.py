"""How often held-out images are named wrongly, and whether the verdicts rest on what the images show."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import key
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import pixels
from saddlepoint.methods.abilities import Predicts
from saddlepoint.metrics.maps.heat import Map, heat
from saddlepoint.metrics.proofs.base import Measure, Table

MAPS: tuple[Map, ...] = ("occlusion", "gradient", "deconvnet", "guided")
_SHOWN = 100  # images that maps are made of
_TAUGHT = 5000  # images that the logistic regression learns from


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Share of held-out images named wrongly; and where the heat of maps lies, of silhouettes.

    The baseline is logistic regression on pixels, and heat that is spread evenly.
    """
    if not isinstance(model.method, Predicts):
        raise ConfigError(f"{model.name} on {dataset.source} names no classes.")
    if dataset.source != "world:silhouettes":
        raise ConfigError(f"nobody knows where the shape is in {dataset.source}; in world:silhouettes it is white.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    labels = dataset.fields["label"]
    unseen = pixels(torch.from_numpy(dataset.images[held_out]))
    wrong = model.classify(unseen).argmax(1).numpy() != labels[held_out]
    taught = train[:: max(1, len(train) // _TAUGHT)]
    linear = LogisticRegression(max_iter=1000).fit(_flat(dataset, taught), labels[taught])
    naive = linear.predict(_flat(dataset, held_out)) != labels[held_out]
    shown = unseen[np.flatnonzero(~wrong)[:_SHOWN]]
    even: dict[str, Any] = {"lost": 0.0, **dict.fromkeys((_named(by) for by in MAPS), 1.0)}
    return Table(
        rows=(
            {"kind": "generated", "name": model.name, "error": float(wrong.mean()), **_on_shape(model, shown)},
            {"kind": "baseline", "name": "naive: logistic regression, heat even", "error": float(naive.mean()), **even},
            {"kind": "other", "name": "the same network, untrained", **_on_shape(_untrained(model, seed), shown)},
        ),
        protocol=(
            f"error: share of {len(held_out):,} held-out images named wrongly; logistic regression learns from"
            f" {len(taught):,} others. on_shape: share of the heat of an occlusion map (the drop of the probability of"
            " the likeliest class where a grey window of a quarter of the side hides) that lies on the shape, over the"
            f" shape's share of the image, mean over {len(shown)} images that are named rightly; the others likewise of"
            " maps by the gradient. lost: the largest drop of each image, mean: an untrained network's heat lies on the"
            " shape as well, since nothing else is in the image, but it loses nothing."
        ),
    )


MEASURE = Measure(
    compare,
    {"error": "less", "lost": "more", "on_shape": "more", **{f"on_shape_{by}": "more" for by in MAPS[1:]}},
    fields={"image": Image, "label": Label},
)


def _named(by: Map) -> str:
    return "on_shape" if by == "occlusion" else f"on_shape_{by}"


def _on_shape(model: Model, images: Tensor) -> dict[str, float]:
    """The share of heat on the white pixels over their share of the image, by each map, and the most that is lost."""
    white = (images[:, 0] > 0).float()
    ratios = {}
    for by in MAPS:
        warm = heat(model, images, by).clamp_min(0)
        if by == "occlusion":
            ratios["lost"] = warm.amax((1, 2)).mean().item()
        share = (warm * white).sum((1, 2)) / warm.sum((1, 2)).clamp_min(1e-12)
        ratios[_named(by)] = (share / white.mean((1, 2))).mean().item()
    return ratios


def _untrained(model: Model, seed: int) -> Model:
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(key(seed, "untrained"))
        nets = model.method.networks(model.spec)
    return Model(model.method, nets.eval(), model.spec, model.facts, model.clock, model.path)


def _flat(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    return np.asarray(dataset.images[rows].reshape(len(rows), -1) / 127.5 - 1)
