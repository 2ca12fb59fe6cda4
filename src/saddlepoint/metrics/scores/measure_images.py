"""Figures of two sets of images as a whole: at the levels of a pyramid, and at several resolutions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from saddlepoint.metrics.extractors.features import Extractor
from saddlepoint.metrics.formulas.sliced import sliced_wasserstein
from saddlepoint.metrics.scores.resolutions import frechet_by_resolution
from saddlepoint.metrics.scores.score import Protocol, Score
from saddlepoint.metrics.sets import ImageSet

ImageMetric = Literal["sliced-wasserstein", "fid-by-resolution"]

PATCHED = 2000
"""images of either set whose patches are held at once"""
_COARSEST = 4  # pixels a side
_ENOUGH = 40  # images of either set, of which a quarter is measured


def measure_images(
    metrics: Sequence[ImageMetric],
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

    extractor: asked for by `fid-by-resolution` alone. protocol, seed: as for `measure`. The sliced distance is of the
    same number of images from either set, at most `most`. errors: with the standard error of each figure, from four
    disjoint quarters of both sets, where these are large enough. Raises ShapeError for sets of different shapes.
    """
    scores = []
    for metric in metrics:
        if metric == "sliced-wasserstein":
            count = min(len(real), len(fake), most)
            full_protocol = dataclasses.replace(protocol, real=count, fake=count)
        else:
            full_protocol = dataclasses.replace(
                protocol, real=len(real), fake=len(fake), extractor=extractor().identity
            )
        levels = _levels(metric, extractor, real, fake, most)
        enough = errors and min(len(real), len(fake)) >= _ENOUGH
        parts = [
            _levels(metric, extractor, real.quarter(number), fake.quarter(number), most // 4)
            for number in range(4 if enough else 0)
        ]
        name = "fid" if metric == "fid-by-resolution" else metric
        for side, value in levels.items():
            # Quarters scatter twice as widely as the whole; 3.18 / 1.96 makes up for there being no more than four.
            error = float(np.std([part[side] for part in parts], ddof=1)) / 2 * 3.18 / 1.96 if parts else None
            own = dataclasses.replace(full_protocol, metric=f"{name}[{side} pixels]")
            scores.append(Score(value, own, seed=seed, error=error))
    return scores


def _levels(
    metric: ImageMetric, extractor: Callable[[], Extractor], real: ImageSet, fake: ImageSet, most: int
) -> dict[int, float]:
    if metric == "sliced-wasserstein":
        count = min(len(real), len(fake), most)
        return sliced_wasserstein(real.spread(count), fake.spread(count))
    return frechet_by_resolution(extractor(), real.stream(), fake.stream(), _sides(real))


def _sides(images: ImageSet) -> list[int]:
    """The images' own side and its halves, down to 4 pixels."""
    sides = [min(images.spread(1).shape[2:])]
    while sides[-1] >= 2 * _COARSEST:
        sides.append(sides[-1] // 2)
    return sides
