"""Several figures from one set of features, each with its protocol: what a command or a hook calls."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from typing import Literal, get_args

from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.diversity import variance_ratio
from saddlepoint.metrics.estimate import Estimate
from saddlepoint.metrics.extrapolation import frechet_infinity
from saddlepoint.metrics.features import ClassifyingExtractor, Extractor, Features
from saddlepoint.metrics.frechet import frechet_distance
from saddlepoint.metrics.inception_score import inception_score
from saddlepoint.metrics.kernel import kid
from saddlepoint.metrics.manifold import DensityCoverage, PrecisionRecall, density_coverage, precision_recall
from saddlepoint.metrics.score import Protocol, Score
from saddlepoint.metrics.statistics import Gaussian, gaussian

Metric = Literal["fid", "fid-infinity", "kid", "is", "precision", "recall", "density", "coverage", "variance-ratio"]
METRICS: tuple[Metric, ...] = get_args(Metric)
"""what `measure` knows; for `is` the extractor must name classes"""
LOWER: frozenset[Metric] = frozenset({"fid", "fid-infinity", "kid"})
"""metrics of which less is better; of the others more is, and `variance-ratio` is best at 1"""


def measure(
    metrics: Sequence[Metric],
    extractor: Extractor,
    real: Features,
    fake: Features,
    made: Protocol,
    seed: int | None = None,
) -> list[Score]:
    """A score for each metric, in order.

    real, fake: features [n, d] and [m, d] of `extractor`. made: what is known of how they came about; its metric,
    counts, extractor and width are filled in here. seed: of the generated samples.
    Raises ConfigError for an unknown metric, CapabilityError for `is` with an extractor without classes.
    """
    unknown = [metric for metric in metrics if metric not in METRICS]
    if unknown:
        raise ConfigError(f"{unknown[0]} is not a metric of features; choose from {', '.join(METRICS)}.")
    protocol = dataclasses.replace(
        made, real=len(real), fake=len(fake), extractor=extractor.identity, width=real.shape[1]
    )
    measured = _Measured(extractor, real, fake)
    scores = []
    for metric in metrics:
        found = measured.estimate(metric)
        named = dataclasses.replace(protocol, metric=metric)
        scores.append(Score(found.value, named, found.spread, found.over, seed))
    return scores


def real_against_real(
    metrics: Sequence[Metric], extractor: Extractor, real: Features, made: Protocol, seed: int = 0
) -> list[Score]:
    """The same figures for one random half of the real features against the other: what a perfect generator would get.

    Each half has half the rows, so a distance that is biased high with few rows is a little above its true floor.
    """
    order = numpy_generator(seed, "real against real").permutation(len(real))
    middle = len(real) // 2
    return measure(metrics, extractor, real[order[:middle]], real[order[middle:]], made)


class _Measured:
    """Two sets of features, with what several figures share worked out once."""

    def __init__(self, extractor: Extractor, real: Features, fake: Features) -> None:
        self.extractor, self.real, self.fake = extractor, real, fake

    @cached_property
    def moments(self) -> tuple[Gaussian, Gaussian]:
        return gaussian(self.real), gaussian(self.fake)

    @cached_property
    def closed(self) -> PrecisionRecall:
        return precision_recall(self.real, self.fake)

    @cached_property
    def open(self) -> DensityCoverage:
        return density_coverage(self.real, self.fake)

    def estimate(self, metric: Metric) -> Estimate:
        match metric:
            case "fid":
                return _plain(frechet_distance(*self.moments))
            case "fid-infinity":
                return frechet_infinity(self.moments[0], self.fake)
            case "kid":
                return kid(self.real, self.fake)
            case "is":
                if not isinstance(self.extractor, ClassifyingExtractor):
                    raise CapabilityError(
                        f"`is` needs an extractor that names classes; {self.extractor.identity.name} does not. "
                        "Use inception-2015 or classifier."
                    )
                return inception_score(self.extractor.probabilities(self.fake))
            case "precision":
                return _plain(self.closed.precision)
            case "recall":
                return _plain(self.closed.recall)
            case "density":
                return _plain(self.open.density)
            case "coverage":
                return _plain(self.open.coverage)
            case "variance-ratio":
                return _plain(variance_ratio(*self.moments))


def _plain(value: float) -> Estimate:
    return Estimate(value, None, "")
