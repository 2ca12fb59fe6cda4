"""Whether a density of each class names the class of a held-out binary image."""

from __future__ import annotations

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import pixels
from saddlepoint.methods.abilities import HasLikelihood, Predicts
from saddlepoint.metrics.baselines.bernoulli_mixture import held_out_nats
from saddlepoint.metrics.proofs.base import Measure, Table

_IMAGES = 600  # held-out ones
_COMPONENTS = 50


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Share of 600 held-out images whose likeliest class by the model is their own.

    The baselines are Bayes' rule over each pixel for itself and over a mixture of 50 Bernoullis a class; the better one
    is to be beaten. Raises ConfigError for a model that states no likelihood or names no class, or for grey images.
    """
    if not isinstance(model.method, Predicts) or not isinstance(model.method, HasLikelihood):
        raise ConfigError(f"{model.name} on {dataset.source} names no classes by their likelihood.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    held_out = held_out[:_IMAGES]
    images, labels = np.asarray(dataset.images), dataset.fields["label"]
    if not np.isin(images, (0, 255)).all():
        raise ConfigError(f"{dataset.source} has grey pixels: this measure needs black and white images.")
    own = model.classify(pixels(torch.from_numpy(images[held_out]))).argmax(1).numpy()
    shown, share = images[held_out] > 0, {}
    for components in (1, _COMPONENTS):
        name = "each pixel for itself" if components == 1 else f"a mixture of {components} Bernoullis"
        by_class = [images[train[labels[train] == number]] > 0 for number in range(len(dataset.classes))]
        nats = np.stack([held_out_nats(known, shown, components, seed) for known in by_class], 1)
        share[f"naive: {name} in each class"] = float((nats.argmin(1) == labels[held_out]).mean())
    best = max(share, key=lambda name: share[name])
    return Table(
        rows=(
            {"kind": "generated", "name": model.name, "accuracy": float((own == labels[held_out]).mean())},
            *(
                {"kind": "baseline" if name == best else "other", "name": name, "accuracy": value}
                for name, value in share.items()
            ),
            {"kind": "other", "name": "the commonest class", "accuracy": float(_commonest(labels, train, held_out))},
        ),
        protocol=(
            f"Share of {len(held_out):,} held-out binary images whose class is the one under which they are likeliest;"
            " higher is better."
        ),
    )


def _commonest(labels: np.ndarray, train: np.ndarray, held_out: np.ndarray) -> np.floating:
    share: np.floating = (labels[held_out] == np.bincount(labels[train]).argmax()).mean()
    return share


MEASURE = Measure(compare, {"accuracy": "more"}, fields={"image": Image, "label": Label})
