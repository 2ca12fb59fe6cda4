"""Whether images are of the class that was asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.methods.abilities import classes_of
from saddlepoint.metrics.baselines.gaussian import PixelGaussian
from saddlepoint.metrics.extractors.classifier import train_classifier
from saddlepoint.metrics.extractors.features import features
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.statistics import gaussian
from saddlepoint.metrics.proofs.base import Measure, Table


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Whether images are of the class that was asked for, by a classifier trained on the real ones, and how near.

    The baseline is told the class too: a Gaussian over the pixels of each. One that is not told is right by chance.
    """
    if not classes_of(model.method, model.nets):
        raise ConfigError(f"{model.name} on {dataset.source} makes no images of a chosen class.")
    real, labels, classes = dataset.images, dataset.fields["label"], len(dataset.classes)
    classifier = train_classifier(real, labels, seed=0)
    order = numpy_generator("halves", len(dataset)).permutation(len(dataset))
    half = len(dataset) // 2
    reference, other = order[:half], order[half : 2 * half]
    statistics = gaussian(features(classifier, real[reference]))
    asked_classes = np.arange(half) % classes

    def row(kind: str, name: str, images: np.ndarray, wanted: np.ndarray) -> dict[str, Any]:
        values = features(classifier, images)
        right = classifier.labels(values) == wanted
        least = min(float(right[wanted == label].mean()) for label in range(classes))
        distance = frechet_distance(gaussian(values), statistics)
        return {"kind": kind, "name": name, "frechet": distance, "accuracy": float(right.mean()), "least_class": least}

    generated = to_uint8(model.sample(half, seed=seed)).numpy()  # classes in turn
    naive = np.empty_like(generated)
    for label in range(classes):
        own = asked_classes == label
        naive[own] = PixelGaussian(real[labels == label]).sample(int(own.sum()), seed)
    return Table(
        rows=(
            row(
                "generated", model.name + (", averaged weights" if model.method.ema() else ""), generated, asked_classes
            ),
            row("real", "real against real", real[other], labels[other]),
            row("baseline", "naive: a Gaussian over the pixels of each class", naive, asked_classes),
            row(
                "other", "naive: one Gaussian, deaf to the class", PixelGaussian(real).sample(half, seed), asked_classes
            ),
        ),
        protocol=(
            f"{half} images, the classes in turn, named by {classifier.identity} trained on the real images; it names"
            f" {classifier.accuracy:.1%} of {classifier.held_out} held-out ones rightly. Fréchet distance in its"
            " features, each against one half of the real images."
        ),
    )


MEASURE = Measure(
    compare,
    {"frechet": "less", "accuracy": "more", "least_class": "more"},
    fields={"image": Image, "label": Label},
)
