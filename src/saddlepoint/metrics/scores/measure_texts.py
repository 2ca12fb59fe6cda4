"""Figures of texts: what a model writes beside what it should have written."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from importlib.metadata import version
from typing import cast

from saddlepoint.errors import DataError
from saddlepoint.metrics.scores import metric as metric_named
from saddlepoint.metrics.scores.base import TextMetric
from saddlepoint.metrics.scores.score import Protocol, Score, versions


def measure_texts(
    metrics: Sequence[str], answers: Sequence[str], truths: Sequence[str], protocol: Protocol
) -> list[Score]:
    """A score for each metric, in order, with the release of the package that worked it out.

    protocol: as for `measure`; counts are filled in. Raises DataError where there is nothing to compare, MissingExtra
    for a metric whose package is not installed.
    """
    if not answers or len(answers) != len(truths):
        raise DataError(f"{len(answers)} texts cannot be compared with {len(truths)}: give one for each.")
    scores = []
    for name in metrics:
        metric = cast(TextMetric, metric_named(name))
        figure = metric.figure(answers, truths)
        own = dataclasses.replace(protocol, metric=name, real=len(truths), fake=len(answers))
        releases = versions() | {metric.package: version(metric.package)}
        scores.append(Score(figure.value, own, figure.spread, figure.over, error=figure.error, versions=releases))
    return scores
