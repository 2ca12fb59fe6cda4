"""Figures of two sets of images as a whole: at the levels of a pyramid, and at several resolutions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from saddlepoint.metrics.extractors.features import Extractor
from saddlepoint.metrics.scores import metric as metric_named
from saddlepoint.metrics.scores.base import ImageSetMetric
from saddlepoint.metrics.scores.score import Protocol, Score
from saddlepoint.metrics.sets import ImageSet

PATCHED = 2000
"""images of either set whose patches are held at once"""
_ENOUGH = 40  # images of either set, of which a quarter is measured


def measure_images(
    metrics: Sequence[str],
    extractor: Callable[[], Extractor],
    real: ImageSet,
    fake: ImageSet,
    protocol: Protocol,
    seed: int | None = None,
    most: int = PATCHED,
    *,
    errors: bool = False,
) -> list[Score]:
    """A score for each level or side of each metric, such as `sliced-wasserstein[16 pixels]`.

    extractor: asked for by a metric of features alone. protocol, seed: as for `measure`. A metric that
    holds images is of as many from either set, at most `most`. errors: with the standard error of each figure, from
    four disjoint quarters of both sets, where these are large enough. Raises ShapeError for sets of different shapes.
    """
    scores = []
    for name in metrics:
        metric = cast(ImageSetMetric, metric_named(name))
        if metric.of_features:
            full_protocol = dataclasses.replace(
                protocol, real=len(real), fake=len(fake), extractor=extractor().identity
            )
        else:
            count = min(len(real), len(fake), most)
            full_protocol = dataclasses.replace(protocol, real=count, fake=count)
        levels = metric.figures(extractor, real, fake, most)
        enough = errors and min(len(real), len(fake)) >= _ENOUGH
        parts = [
            metric.figures(extractor, real.quarter(number), fake.quarter(number), most // 4)
            for number in range(4 if enough else 0)
        ]
        for side, value in levels.items():
            # Quarters scatter twice as widely as the whole; 3.18 / 1.96 makes up for there being no more than four.
            error = float(np.std([part[side] for part in parts], ddof=1)) / 2 * 3.18 / 1.96 if parts else None
            own = dataclasses.replace(full_protocol, metric=f"{metric.figure}[{side} pixels]")
            scores.append(Score(value, own, seed=seed, error=error))
    return scores
