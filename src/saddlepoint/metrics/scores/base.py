"""What a metric is: a figure of features, of sets or pairs of images, or of a model, and which way it is better."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError, MissingExtra
from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.direction import Direction
from saddlepoint.metrics.extractors.features import ClassifyingExtractor, Extractor, Features, Identity
from saddlepoint.metrics.formulas.coverage import ClassCoverage, class_coverage
from saddlepoint.metrics.formulas.estimate import Estimate
from saddlepoint.metrics.formulas.frechet import frechet_error
from saddlepoint.metrics.formulas.manifold import DensityCoverage, PrecisionRecall, density_coverage, precision_recall
from saddlepoint.metrics.formulas.statistics import Doubles, Gaussian, gaussian
from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.scores.score import Protocol, Score
from saddlepoint.metrics.sets import ImageSet, Indices

_REACHED = 0.3  # a class counts as a mode when its share is so much of an even one
_RESAMPLES = 200


class FeatureSets:
    """The features of real and of generated images, with what several metrics share computed once.

    real, fake: [n, d] and [m, d] of `extractor`. errors: whether standard errors are asked for, which costs a few
    seconds more where features are wide.
    """

    def __init__(self, extractor: Extractor, real: Features, fake: Features, *, errors: bool) -> None:
        self.extractor, self.real, self.fake, self.errors = extractor, real, fake, errors

    @cached_property
    def moments(self) -> tuple[Gaussian, Gaussian]:
        """Mean and covariance of the real and of the generated features."""
        return gaussian(self.real), gaussian(self.fake)

    @cached_property
    def closed(self) -> PrecisionRecall:
        """Precision and recall."""
        return precision_recall(self.real, self.fake)

    @cached_property
    def open(self) -> DensityCoverage:
        """Density and coverage."""
        return density_coverage(self.real, self.fake)

    @cached_property
    def classes(self) -> ClassCoverage:
        """Which classes the generated images reach, where the extractor names classes."""
        real, fake = (self.naming.probabilities(rows) for rows in (self.real, self.fake))
        count = real.shape[1]
        return class_coverage(fake.argmax(1), real.argmax(1), count, _REACHED / count)

    @property
    def naming(self) -> ClassifyingExtractor:
        """The extractor, of a metric that needs classes."""
        assert isinstance(self.extractor, ClassifyingExtractor), "checked before"
        return self.extractor

    @cached_property
    def frechet_errors(self) -> tuple[float, float]:
        """What the choice of real and of generated images adds to the error of the distance."""
        real, fake = self.moments
        return frechet_error(real, fake, self.real), frechet_error(fake, real, self.fake)

    def over_resamples(self, figure: Callable[[ClassCoverage], float]) -> float:
        """The deviation of a figure of classes over sets that are drawn with replacement."""
        real, fake = (self.naming.probabilities(rows) for rows in (self.real, self.fake))
        ours, theirs, count = real.argmax(1), fake.argmax(1), real.shape[1]
        draw, values = numpy_generator(0, "resamples"), []
        for _ in range(_RESAMPLES):
            resampled = draw.choice(theirs, len(theirs)), draw.choice(ours, len(ours))
            values.append(figure(class_coverage(*resampled, count, _REACHED / count)))
        return float(np.std(values))


@dataclass(frozen=True)
class FeatureMetric:
    """A metric of the features of both sets of images: `METRIC` of its file, which has its name.

    estimate: the figure. direction: which way it is better. error: of the sets and the figure, its standard error,
    where `estimate` does not give one. names_classes: the extractor must name classes.
    """

    estimate: Callable[[FeatureSets], Estimate]
    direction: Direction
    error: Callable[[FeatureSets, float], float | None] | None = None
    names_classes: bool = False


Comparison = tuple[Callable[[Bytes, Bytes], Doubles], Identity | None]
"""figures [n] of two batches of images, and the network that they depend on"""


@dataclass(frozen=True)
class PairMetric:
    """A metric of pairs of images: `METRIC` of its file, which has its name.

    comparison: of weight files or folders that may hold what it needs, how a batch of pairs is compared. Raises
    OfflineError where its weights cannot be had. direction: which way it is better.
    """

    comparison: Callable[[Sequence[Path]], Comparison]
    direction: Direction


@dataclass(frozen=True)
class ImageSetMetric:
    """A metric of two sets of images as a whole: `METRIC` of its file, which has its name.

    figures: of the extractor, real and generated images, and how many of either may be held at once: the figure at each
    side in pixels. direction: which way it is better. figure: what it is called in a protocol. of_features: whether the
    extractor is asked for at all, and all images are looked at; others look at as many as may be held.
    """

    figures: Callable[[Callable[[], Extractor], ImageSet, ImageSet, int], dict[int, float]]
    direction: Direction
    figure: str
    of_features: bool = False


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A model beside what it was trained on, as a metric of models takes it.

    train, held_out: rows of `dataset`. compared: those that the other metrics compare with. protocol: as far as it is
    known. extractor: made when it is first asked for; by_pixels: whether no network is wanted. weights: files or
    folders that may hold what a metric needs.
    """

    model: Model
    dataset: Dataset
    train: Indices
    held_out: Indices
    compared: Indices
    protocol: Protocol
    extractor: Callable[[], Extractor]
    by_pixels: bool
    weights: tuple[Path, ...]

    def check_held_out(self) -> None:
        """Raises ConfigError when fewer than two images were held out."""
        if len(self.held_out) < 2:
            count = "one was" if len(self.held_out) else "none was"
            raise ConfigError(
                f"this figure needs two images or more that were held out of training, and {count}; train with a"
                " larger --held-out."
            )


@dataclass(frozen=True, eq=False)
class Figures:
    """What a metric of models comes to: scores, what real images get, and a picture with its file and words.

    what: is shown, in a few words. caption: how it is to be read.
    """

    scores: list[Score]
    floor: list[Score] = field(default_factory=list)
    picture: Image.Image | None = None
    file: str = ""
    what: str = ""
    caption: str = ""


@dataclass(frozen=True)
class ModelMetric:
    """A metric that needs the model itself, or to know what it was trained on: `METRIC` of its file.

    figures: of the model, generated images, their seed, and what `prepare` gave. direction: which way it is better.
    prepare: is called before anything is computed, and refuses what cannot be measured for want of a file.
    """

    figures: Callable[[TrainedModel, ImageSet, int, Any], Figures]
    direction: Direction
    prepare: Callable[[TrainedModel], Any] = lambda trained: None


@dataclass(frozen=True)
class TextMetric:
    """A metric of texts that a model wrote, each beside the one that it should be: `METRIC` of its file.

    figure: of these and of the right ones, the figure. direction: which way it is better. package: what works it out.
    Raises MissingExtra where that is not installed.
    """

    figure: Callable[[Sequence[str], Sequence[str]], Estimate]
    direction: Direction
    package: str


Metric = FeatureMetric | ImageSetMetric | ModelMetric | PairMetric | TextMetric


def plain(value: float) -> Estimate:
    """A figure without a spread."""
    return Estimate(value, None, "")


def over_pairs(values: Sequence[float]) -> Estimate:
    """The mean of figures of pairs, with their deviation and the error of the mean."""
    spread = float(np.std(values))
    return Estimate(float(np.mean(values)), spread, f"{len(values)} pairs", error=spread / len(values) ** 0.5)


def of_package(package: str, module: str) -> Any:
    """A module of a package that only some metrics need. Raises MissingExtra where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtra(
            f"this figure is worked out by {package}, which is not installed: pip install 'saddlepoint[scores]'."
        ) from error


def binomial_error(share: float, count: int) -> float:
    """The standard error of a share of `count` images."""
    return float(np.sqrt(share * (1 - share) / count))
