"""Several figures from one set of features, each with its protocol: what a command or a hook calls."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from saddlepoint.errors import CapabilityError, ConfigError, ShapeError
from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.extractors.features import ClassifyingExtractor, Extractor, Features
from saddlepoint.metrics.formulas.coverage import ClassCoverage, class_coverage
from saddlepoint.metrics.formulas.diversity import pair_distance, variance_ratio
from saddlepoint.metrics.formulas.estimate import Estimate
from saddlepoint.metrics.formulas.extrapolation import frechet_infinity
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.inception_score import inception_score
from saddlepoint.metrics.formulas.kernel import Energy, RationalQuadratic, Rbf, kid, median_bandwidth, mmd
from saddlepoint.metrics.formulas.manifold import DensityCoverage, PrecisionRecall, density_coverage, precision_recall
from saddlepoint.metrics.formulas.statistics import Doubles, Gaussian, gaussian
from saddlepoint.metrics.scores.score import Protocol, Score

FeatureMetric = Literal[
    "fid", "fid-infinity", "kid", "mmd-rbf", "mmd-rational-quadratic", "mmd-energy", "is", "precision", "recall",
    "density", "coverage", "variance-ratio", "pair-distance", "modes", "class-divergence",
]  # fmt: skip
"""what `measure` knows; for `is`, `modes` and `class-divergence` the extractor must name classes"""
FEATURE_METRICS: tuple[FeatureMetric, ...] = get_args(FeatureMetric)
LOWER: frozenset[str] = frozenset(
    {"fid", "fid-infinity", "kid", "mmd-rbf", "mmd-rational-quadratic", "mmd-energy", "class-divergence"}
)
"""metrics of which less is better; of the others more is, and `variance-ratio` is best at 1"""
_REACHED = 0.3
"""a class counts as a mode when its share is so much of an even one"""

_MOST = 10_000  # rows in each half of the real ones: copies of them lie in memory


def measure(
    metrics: Sequence[FeatureMetric],
    extractor: Extractor,
    real: Features,
    fake: Features,
    made: Protocol,
    seed: int | None = None,
) -> list[Score]:
    """A score for each metric, in order.

    real, fake: features [n, d] and [m, d] of `extractor`. made: what is known of how they came about; its metric,
    counts, extractor and width are filled in here. seed: of the generated samples.
    Raises ConfigError for an unknown metric, CapabilityError for one of classes with an extractor that names none.
    """
    measured = _Measured(extractor, real, fake, made)
    return [measured.score(metric, seed) for metric in metrics]


def real_against_real(
    metrics: Sequence[FeatureMetric], extractor: Extractor, real: Features, made: Protocol, seed: int = 0
) -> list[Score]:
    """The same figures for one random half of the real features against the other: what a perfect generator would get.

    Each half has half the rows, at most 10,000, so a distance that is biased high with few rows is a little above its
    true floor. A metric that half the rows are too few for is left out.
    """
    order = numpy_generator(seed, "real against real").permutation(len(real))
    half = min(len(real) // 2, _MOST)
    measured = _Measured(extractor, real[order[:half]], real[order[-half:]], made)
    scores = []
    for metric in metrics:
        with suppress(ConfigError, ShapeError):
            scores.append(measured.score(metric, None))
    return scores


class _Measured:
    """Two sets of features, with what several figures share worked out once."""

    def __init__(self, extractor: Extractor, real: Features, fake: Features, made: Protocol) -> None:
        self.extractor, self.real, self.fake = extractor, real, fake
        self.made = dataclasses.replace(
            made, real=len(real), fake=len(fake), extractor=extractor.identity, width=real.shape[1]
        )

    def score(self, metric: FeatureMetric, seed: int | None) -> Score:
        if metric not in FEATURE_METRICS:
            raise ConfigError(f"{metric} is not a metric of features; choose from {', '.join(FEATURE_METRICS)}.")
        found = self.estimate(metric)
        return Score(found.value, dataclasses.replace(self.made, metric=metric), found.spread, found.over, seed)

    @cached_property
    def moments(self) -> tuple[Gaussian, Gaussian]:
        return gaussian(self.real), gaussian(self.fake)

    @cached_property
    def closed(self) -> PrecisionRecall:
        return precision_recall(self.real, self.fake)

    @cached_property
    def open(self) -> DensityCoverage:
        return density_coverage(self.real, self.fake)

    @cached_property
    def classes(self) -> ClassCoverage:
        real, fake = (self.naming.probabilities(rows) for rows in (self.real, self.fake))
        count = real.shape[1]
        return class_coverage(fake.argmax(1), real.argmax(1), count, _REACHED / count)

    @property
    def naming(self) -> ClassifyingExtractor:
        if not isinstance(self.extractor, ClassifyingExtractor):
            raise CapabilityError(
                "`is`, `modes` and `class-divergence` need an extractor that names classes; "
                f"{self.extractor.identity.name} does not. Use inception-2015 or classifier."
            )
        return self.extractor

    def estimate(self, metric: FeatureMetric) -> Estimate:
        match metric:
            case "fid":
                return _plain(frechet_distance(*self.moments))
            case "fid-infinity":
                return frechet_infinity(self.moments[0], self.fake)
            case "kid":
                return kid(self.real, self.fake)
            case "mmd-rbf":
                return mmd(self.real, self.fake, Rbf((median_bandwidth(self.real),)))
            case "mmd-rational-quadratic":
                return mmd(self.real, self.fake, RationalQuadratic())
            case "mmd-energy":
                return mmd(self.real, self.fake, Energy())
            case "is":
                return inception_score(self.naming.probabilities(self.fake))
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
            case "pair-distance":
                return pair_distance(_apart, self.fake)
            case "modes":
                return _plain(self.classes.modes)
            case "class-divergence":
                return _plain(self.classes.divergence)


def _apart(first: Features, second: Features) -> Doubles:
    return np.asarray(np.linalg.norm(first.astype(np.float64) - second, axis=1))


def _plain(value: float) -> Estimate:
    return Estimate(value, None, "")
