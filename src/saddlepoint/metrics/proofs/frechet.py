"""How near generated images come to real ones, in the features of a classifier trained on these."""

from __future__ import annotations

from typing import Any

import numpy as np

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.metrics.baselines.gaussian import PixelGaussian
from saddlepoint.metrics.extractors.classifier import train_classifier
from saddlepoint.metrics.extractors.features import features
from saddlepoint.metrics.formulas.coverage import class_coverage
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.statistics import gaussian
from saddlepoint.metrics.proofs.base import Measure, Table

LEAST_SHARE = 0.03
"""a class counts as drawn when at least this share of the images is of it"""


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Fréchet distance and class coverage in the features of a classifier trained on the real images.

    All sets have as many images as half of the real ones and are compared with the same half, so they share one bias.
    """
    labels = dataset.fields["label"]
    classifier = train_classifier(dataset.images, labels, seed=0)
    order = numpy_generator("halves", len(dataset)).permutation(len(dataset))
    half = len(dataset) // 2
    reference, other = np.sort(order[:half]), np.sort(order[half : 2 * half])
    statistics = gaussian(features(classifier, dataset.images[reference]))

    def row(kind: str, name: str, images: np.ndarray) -> dict[str, Any]:
        values = features(classifier, images)
        classes = class_coverage(classifier.labels(values), labels[reference], len(dataset.classes), LEAST_SHARE)
        return {
            "kind": kind,
            "name": name,
            "frechet": frechet_distance(gaussian(values), statistics),
            "classes": classes.modes,
            "least_share": min(classes.shares),
            "divergence": classes.divergence,
        }

    generated = to_uint8(model.sample(half, seed=seed)).numpy()
    naive = PixelGaussian(dataset.images).sample(half, seed)
    return Table(
        rows=(
            row("generated", model.name + (", averaged weights" if model.method.ema() else ""), generated),
            row("real", "real against real", dataset.images[other]),
            row("baseline", "naive: a Gaussian over pixels", naive),
        ),
        protocol=(
            f"{half} images each against one half of the real ones, in the features of {classifier.identity}, trained"
            f" on the real images; its accuracy on {classifier.held_out} held-out ones is {classifier.accuracy:.1%}."
            f" A class counts as covered if at least {LEAST_SHARE:.0%} of the samples fall into it."
        ),
    )


MEASURE = Measure(
    compare,
    {"frechet": "less", "classes": "more", "least_share": "more", "divergence": "less"},
    fields={"image": Image, "label": Label},
)
