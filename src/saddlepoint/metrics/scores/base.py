"""What a metric is: a figure of the features of both sets, or of pairs of images, and which way it is better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.direction import Direction
from saddlepoint.metrics.extractors.features import ClassifyingExtractor, Extractor, Features, Identity
from saddlepoint.metrics.formulas.coverage import ClassCoverage, class_coverage
from saddlepoint.metrics.formulas.estimate import Estimate
from saddlepoint.metrics.formulas.frechet import frechet_error
from saddlepoint.metrics.formulas.manifold import DensityCoverage, PrecisionRecall, density_coverage, precision_recall
from saddlepoint.metrics.formulas.statistics import Doubles, Gaussian, gaussian
from saddlepoint.metrics.images import Bytes

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


def plain(value: float) -> Estimate:
    """A figure without a spread."""
    return Estimate(value, None, "")


def binomial_error(share: float, count: int) -> float:
    """The standard error of a share of `count` images."""
    return float(np.sqrt(share * (1 - share) / count))
