"""Several figures from one set of features, each with its protocol: what a command or a hook calls."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

import numpy as np

from saddlepoint.errors import CapabilityError, ConfigError, ShapeError
from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.direction import Direction
from saddlepoint.metrics.extractors.features import ClassifyingExtractor, Extractor, Features
from saddlepoint.metrics.scores import metric as metric_named
from saddlepoint.metrics.scores import names
from saddlepoint.metrics.scores.base import FeatureMetric, FeatureSets
from saddlepoint.metrics.scores.score import Protocol, Score

_MOST = 10_000  # rows in each half of the real ones: copies of them lie in memory


def feature_metric(name: str) -> FeatureMetric:
    """A metric of features by its name."""
    return cast(FeatureMetric, metric_named(name))


def direction_of(name: str) -> Direction:
    """Which way a metric of features or of pairs is better."""
    return metric_named(name).direction


def measure(
    metrics: Sequence[str],
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


def check_metrics(metrics: Sequence[str], extractor: Extractor) -> None:
    """Refuses what an extractor cannot measure. Raises ConfigError, CapabilityError as `measure` does."""
    for metric in metrics:
        known = names("FeatureMetric")
        if metric not in known:
            raise ConfigError(f"{metric} is not a metric of features; choose from {', '.join(known)}.")
        if feature_metric(metric).names_classes and not isinstance(extractor, ClassifyingExtractor):
            raise CapabilityError(
                f"`{metric}` needs an extractor that names classes; {extractor.identity.name} does not."
                " Use inception-2015 or classifier."
            )


def at_equal_counts(
    metrics: Sequence[str],
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


class _Measured(FeatureSets):
    """Two sets of features with their protocol."""

    def __init__(
        self, extractor: Extractor, real: Features, fake: Features, protocol: Protocol, *, errors: bool
    ) -> None:
        super().__init__(extractor, real, fake, errors=errors)
        self.protocol = dataclasses.replace(
            protocol, real=len(real), fake=len(fake), extractor=extractor.identity, width=real.shape[1]
        )

    def score(self, name: str, seed: int | None) -> Score:
        check_metrics([name], self.extractor)
        metric = feature_metric(name)
        figure = metric.estimate(self)
        error = figure.error
        if error is None and self.errors and metric.error is not None:
            error = metric.error(self, figure.value)
        protocol = dataclasses.replace(self.protocol, metric=name)
        return Score(figure.value, protocol, figure.spread, figure.over, seed, error=error)
