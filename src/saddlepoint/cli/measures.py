"""The measures that proofs name: what is compared, against which naive baseline, and what else is printed beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from saddlepoint.checkpoint.bundle import Model
from saddlepoint.config import nearest
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.pixels import to_uint8
from saddlepoint.data.world.mixtures import mixture
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.baseline import PixelGaussian
from saddlepoint.metrics.classifier import train_classifier
from saddlepoint.metrics.coverage import class_coverage, mixture_coverage
from saddlepoint.metrics.features import features
from saddlepoint.metrics.frechet import frechet_distance
from saddlepoint.metrics.statistics import gaussian

LEAST_SHARE = 0.03
"""a class counts as drawn when at least this share of the images is of it"""


@dataclass(frozen=True)
class Measured:
    """The table that a proof ends with.

    rows: "generated", "real" and "baseline" figures by name, each with the figure `key`.
    key: the figure that is compared. higher: names of the figures of which more is better.
    protocol: how they were made, in a sentence.
    """

    rows: tuple[dict[str, Any], ...]
    key: str
    protocol: str
    higher: frozenset[str] = frozenset()

    def row(self, kind: str) -> dict[str, Any]:
        """The row of "generated", "real" or "baseline"."""
        return next(row for row in self.rows if row["kind"] == kind)

    def table(self) -> list[dict[str, Any]]:
        """The rows as they are printed."""
        return [{name: value for name, value in row.items() if name != "kind"} for row in self.rows]


Measure = Callable[[Model, Dataset, int], Measured]


def measure(name: str) -> Measure:
    """A measure by its name. Raises ConfigError for an unknown one."""
    known: dict[str, Measure] = {"frechet": frechet, "mixture": mixture_modes}
    if name not in known:
        raise ConfigError(f"no measure is called {name!r}{nearest(name, known)}")
    return known[name]


def frechet(model: Model, dataset: Dataset, seed: int) -> Measured:
    """Fréchet distance and class coverage in the features of a classifier trained on the real images.

    All sets have as many images as half of the real ones and are compared with the same half, so they share one bias.
    """
    if dataset.labels is None:
        raise ConfigError(f"{dataset.source} has no labels to train a classifier on.")
    classifier = train_classifier(dataset.images, dataset.labels, seed=0)
    order = numpy_generator("halves", len(dataset)).permutation(len(dataset))
    half = len(dataset) // 2
    reference, other = np.sort(order[:half]), np.sort(order[half : 2 * half])
    known = gaussian(features(classifier, dataset.images[reference]))

    def row(kind: str, name: str, images: np.ndarray) -> dict[str, Any]:
        seen = features(classifier, images)
        classes = class_coverage(classifier.labels(seen), dataset.labels[reference], len(dataset.classes), LEAST_SHARE)  # type: ignore[index]
        return {
            "kind": kind,
            "name": name,
            "frechet": frechet_distance(gaussian(seen), known),
            "classes": classes.modes,
            "least_share": min(classes.shares),
            "divergence": classes.divergence,
        }

    generated = to_uint8(model.sample(half, seed=seed)).numpy()
    naive = PixelGaussian(dataset.images).sample(half, seed)
    return Measured(
        rows=(
            row("generated", model.name + (", averaged weights" if model.method.ema() else ""), generated),
            row("real", "real against real", dataset.images[other]),
            row("baseline", "naive: a Gaussian over pixels", naive),
        ),
        key="frechet",
        protocol=(
            f"{half} images each against one half of the real ones, in the features of {classifier.identity}, trained"
            f" on the real images; it names {classifier.accuracy:.1%} of {classifier.held_out} held-out ones rightly."
            f" A class counts from {LEAST_SHARE:.0%} of the images."
        ),
        higher=frozenset({"classes", "least_share"}),
    )


def mixture_modes(model: Model, dataset: Dataset, seed: int) -> Measured:
    """The ring and grid protocol: share of points within three deviations of a centre, and centres that are reached."""
    world, n = mixture(dataset.source.removeprefix("world:")), 10_000
    if world is None:
        raise ConfigError(f"{dataset.source} is no mixture of known centres; use world:ring8 or world:grid25.")
    real = dataset.images
    draw = numpy_generator(seed, "mixture")

    def row(kind: str, name: str, points: np.ndarray) -> dict[str, Any]:
        found = mixture_coverage(points, world.centres, world.sd)
        return {
            "kind": kind,
            "name": name,
            "high_quality": found.high_quality,
            "modes": found.modes,
            "divergence": found.divergence,
        }

    samples: Tensor = model.sample(n, seed=seed, batch=n)
    naive = draw.multivariate_normal(real.mean(0), np.atleast_2d(np.cov(real.T)), n).astype(np.float32)
    return Measured(
        rows=(
            row("generated", model.name, samples.numpy()),
            row("real", "real", real[draw.choice(len(real), min(n, len(real)), replace=False)]),
            row("baseline", "naive: one Gaussian", naive),
        ),
        key="high_quality",
        protocol=(
            f"{n:,} points; a point is of high quality within three standard deviations ({world.sd:g}) of its"
            f" nearest of {len(world.centres)} centres, and a centre is reached by one such point."
        ),
        higher=frozenset({"high_quality", "modes"}),
    )
