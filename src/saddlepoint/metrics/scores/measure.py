"""Several figures from one set of features, each with its protocol: what a command or a hook calls."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from saddlepoint.engine.run import DISTANCES
from saddlepoint.errors import CapabilityError, ConfigError, ShapeError
from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.direction import Direction
from saddlepoint.metrics.extractors.features import ClassifyingExtractor, Extractor, Features
from saddlepoint.metrics.formulas.coverage import ClassCoverage, class_coverage
from saddlepoint.metrics.formulas.diversity import pair_distance, variance_error, variance_ratio
from saddlepoint.metrics.formulas.estimate import Estimate
from saddlepoint.metrics.formulas.extrapolation import frechet_infinity
from saddlepoint.metrics.formulas.frechet import frechet_distance, frechet_error
from saddlepoint.metrics.formulas.inception_score import inception_score
from saddlepoint.metrics.formulas.kernel import Energy, RationalQuadratic, Rbf, kid, median_bandwidth, mmd
from saddlepoint.metrics.formulas.manifold import DensityCoverage, PrecisionRecall, density_coverage, precision_recall
from saddlepoint.metrics.formulas.statistics import Doubles, Gaussian, gaussian
from saddlepoint.metrics.scores.score import Protocol, Score

FeatureMetric = Literal[
    "fid", "fid-infinity", "kid", "kid-subsets", "mmd-rbf", "mmd-rational-quadratic", "mmd-energy", "is", "precision",
    "recall", "density", "coverage", "variance-ratio", "pair-distance", "modes", "class-divergence",
]  # fmt: skip
"""what `measure` knows; for `is`, `modes` and `class-divergence` the extractor must name classes. `kid-subsets` is the
mean over 100 subsets of 1,000, as published programs print it"""
FEATURE_METRICS: tuple[FeatureMetric, ...] = get_args(FeatureMetric)
_LESS = {*DISTANCES, "kid-subsets", "mmd-rbf", "mmd-rational-quadratic", "mmd-energy", "class-divergence"}
DIRECTIONS: Mapping[FeatureMetric, Direction] = {
    metric: "less" if metric in _LESS else "one" if metric == "variance-ratio" else "more" for metric in FEATURE_METRICS
}
"""which way each is better"""
_REACHED = 0.3
"""a class counts as a mode when its share is so much of an even one"""

_RESAMPLES = 200
_MOST = 10_000  # rows in each half of the real ones: copies of them lie in memory


def measure(
    metrics: Sequence[FeatureMetric],
    extractor: Extractor,
    real: Features,
    fake: Features,
    protocol: Protocol,
    seed: int | None = None,
    *,
    errors: bool = False,
) -> list[Score]:
    """A score for each metric, in order.

    real, fake: features [n, d] and [m, d] of `extractor`. protocol: what is known of how they came about; its metric,
    counts, extractor and width are filled in here. seed: of the generated samples. errors: with the standard error of
    each figure, which takes a few seconds more where features are wide.
    Raises ConfigError for an unknown metric, CapabilityError for one of classes with an extractor that names none.
    """
    measured = _Measured(extractor, real, fake, protocol, errors=errors)
    return [measured.score(metric, seed) for metric in metrics]


def check_metrics(metrics: Sequence[FeatureMetric], extractor: Extractor) -> None:
    """Refuses what an extractor cannot measure. Raises ConfigError, CapabilityError as `measure` does."""
    for metric in metrics:
        if metric not in FEATURE_METRICS:
            raise ConfigError(f"{metric} is not a metric of features; choose from {', '.join(FEATURE_METRICS)}.")
        if metric in ("is", "modes", "class-divergence") and not isinstance(extractor, ClassifyingExtractor):
            raise CapabilityError(
                "`is`, `modes` and `class-divergence` need an extractor that names classes; "
                f"{extractor.identity.name} does not. Use inception-2015 or classifier."
            )


def at_equal_counts(
    metrics: Sequence[FeatureMetric],
    extractor: Extractor,
    real: Features,
    fake: Features,
    protocol: Protocol,
    seed: int | None = None,
) -> tuple[list[Score], list[Score]]:
    """The figures of generated images and, in their place, of other real ones: what a perfect generator would get.

    Both are of the same counts against the same random half of the real images: half of these, but no more than there
    are generated ones and at most 10,000. A metric that so few rows are too few for is left out of both.
    """
    order = numpy_generator(0, "real against real").permutation(len(real))
    half = min(len(real) // 2, len(fake), _MOST)
    reference, other = real[np.sort(order[:half])], real[np.sort(order[-half:])]
    rows = np.sort(numpy_generator(0, "generated at equal counts").permutation(len(fake))[:half])
    both = [_Measured(extractor, reference, rows_of, protocol, errors=False) for rows_of in (fake[rows], other)]
    generated, floor = [], []
    for metric in metrics:
        with suppress(ConfigError, ShapeError):
            pair = both[0].score(metric, seed), both[1].score(metric, None)
            generated.append(pair[0])
            floor.append(pair[1])
    return generated, floor


class _Measured:
    """Two sets of features, with what several figures share worked out once."""

    def __init__(
        self, extractor: Extractor, real: Features, fake: Features, protocol: Protocol, *, errors: bool
    ) -> None:
        self.extractor, self.real, self.fake, self.errors = extractor, real, fake, errors
        self.protocol = dataclasses.replace(
            protocol, real=len(real), fake=len(fake), extractor=extractor.identity, width=real.shape[1]
        )

    def score(self, metric: FeatureMetric, seed: int | None) -> Score:
        check_metrics([metric], self.extractor)
        figure = self.estimate(metric)
        error = figure.error if figure.error is not None or not self.errors else self.error(metric, figure.value)
        protocol = dataclasses.replace(self.protocol, metric=metric)
        return Score(figure.value, protocol, figure.spread, figure.over, seed, error=error)

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
        assert isinstance(self.extractor, ClassifyingExtractor), "checked before"
        return self.extractor

    @cached_property
    def frechet_errors(self) -> tuple[float, float]:
        """What the choice of real and of generated images adds to the error of the distance."""
        real, fake = self.moments
        return frechet_error(real, fake, self.real), frechet_error(fake, real, self.fake)

    def error(self, metric: FeatureMetric, value: float) -> float | None:
        """The standard error of a figure that comes without one."""
        match metric:
            case "fid":
                return float(np.hypot(*self.frechet_errors))
            case "precision":
                return float(np.sqrt(value * (1 - value) / len(self.fake)))
            case "recall" | "coverage":
                return float(np.sqrt(value * (1 - value) / len(self.real)))
            case "density":
                return self.open.density_error
            case "variance-ratio":
                real, fake = self.moments
                return value * float(np.hypot(variance_error(real, self.real), variance_error(fake, self.fake)))
            case "modes" | "class-divergence":
                return self._over_resamples(metric)
        return None

    def _over_resamples(self, metric: FeatureMetric) -> float:
        """The deviation of a figure of classes over sets that are drawn with replacement."""
        real, fake = (self.naming.probabilities(rows) for rows in (self.real, self.fake))
        ours, theirs, count = real.argmax(1), fake.argmax(1), real.shape[1]
        draw, values = numpy_generator(0, "resamples"), []
        for _ in range(_RESAMPLES):
            drawn = class_coverage(
                draw.choice(theirs, len(theirs)), draw.choice(ours, len(ours)), count, _REACHED / count
            )
            values.append(drawn.modes if metric == "modes" else drawn.divergence)
        return float(np.std(values))

    def estimate(self, metric: FeatureMetric) -> Estimate:
        match metric:
            case "fid":
                return _plain(frechet_distance(*self.moments))
            case "fid-infinity":
                return frechet_infinity(
                    self.moments[0], self.fake, real_error=self.frechet_errors[0] if self.errors else 0.0
                )
            case "kid":
                return kid(self.real, self.fake)
            case "kid-subsets":
                return kid(self.real, self.fake, subsets="torch-fidelity")
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
