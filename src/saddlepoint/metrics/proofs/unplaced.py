"""Whether a classifier that a model has not met can place its images in any class, and how near real ones they are."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import entr

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.metrics.baselines.gaussian import PixelGaussian
from saddlepoint.metrics.extractors.classifier import train_classifier
from saddlepoint.metrics.extractors.features import features
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.statistics import gaussian
from saddlepoint.metrics.proofs.base import Measure, Table

_IMAGES = 1000


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Mean entropy of the classes of generated images, and their Fréchet distance from real ones.

    The baseline is real images in the middle between two of other classes: what is easily called a mixture of styles.
    """
    images = np.asarray(dataset.images)
    classifier = train_classifier(images, dataset.fields["label"], seed=0)
    real = images[: 2 * _IMAGES]
    cut = len(real) // 2
    statistics = gaussian(features(classifier, real[:cut]))

    def row(kind: str, name: str, shown: np.ndarray) -> dict[str, Any]:
        values = features(classifier, shown)
        entropy = float(entr(classifier.probabilities(values)).sum(1).mean())
        return {
            "kind": kind,
            "name": name,
            "entropy": entropy,
            "frechet": frechet_distance(gaussian(values), statistics),
        }

    halves = (real[:cut].astype(np.uint16) + real[cut : 2 * cut][::-1]) // 2
    return Table(
        rows=(
            row("generated", model.name, to_uint8(model.sample(cut, seed=seed)).numpy()),
            row("baseline", "naive: two real images laid over each other", halves.astype(np.uint8)),
            row("real", "real", real[cut : 2 * cut]),
            row("other", "a Gaussian over pixels", PixelGaussian(images).sample(cut, seed)),
        ),
        protocol=(
            f"{cut:,} images of each. entropy: in nats, of the classes that {classifier.identity}, trained on the real"
            f" images, gives each, mean; log {len(dataset.classes)} at most. frechet: distance from real images in its"
            " features."
        ),
    )


MEASURE = Measure(compare, {"entropy": "more", "frechet": "less"}, fields={"image": Image, "label": Label})
