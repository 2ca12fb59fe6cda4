"""Figures of two sets of images as a whole: at the levels of a pyramid, and at several resolutions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Literal

from saddlepoint.metrics.extractors.features import Extractor
from saddlepoint.metrics.formulas.sliced import sliced_wasserstein
from saddlepoint.metrics.scores.resolutions import frechet_by_resolution
from saddlepoint.metrics.scores.score import Protocol, Score
from saddlepoint.metrics.sets import ImageSet

ImageMetric = Literal["sliced-wasserstein", "fid-by-resolution"]

PATCHED = 2000
"""images of either set whose patches are held at once"""
_COARSEST = 4  # pixels a side


def measure_images(
    metrics: Sequence[ImageMetric],
    extractor: Callable[[], Extractor],
    real: ImageSet,
    fake: ImageSet,
    made: Protocol,
    seed: int | None = None,
    most: int = PATCHED,
) -> list[Score]:
    """A score for each level or side of each metric, such as `sliced-wasserstein[16 pixels]`.

    extractor: asked for by `fid-by-resolution` alone. made, seed: as for `measure`. The sliced distance is of the same
    number of images from either set, at most `most`. Raises ShapeError for sets of different shapes.
    """
    scores = []
    for metric in metrics:
        if metric == "sliced-wasserstein":
            count = min(len(real), len(fake), most)
            levels = sliced_wasserstein(real.spread(count), fake.spread(count))
            named = dataclasses.replace(made, real=count, fake=count)
        else:
            network = extractor()
            levels = frechet_by_resolution(network, real.stream(), fake.stream(), _sides(real))
            named = dataclasses.replace(made, real=len(real), fake=len(fake), extractor=network.identity)
        name = "fid" if metric == "fid-by-resolution" else metric
        scores += [
            Score(value, dataclasses.replace(named, metric=f"{name}[{side} pixels]"), seed=seed)
            for side, value in levels.items()
        ]
    return scores


def _sides(images: ImageSet) -> list[int]:
    """The images' own side and its halves, down to 4 pixels."""
    sides = [min(images.spread(1).shape[2:])]
    while sides[-1] >= 2 * _COARSEST:
        sides.append(sides[-1] // 2)
    return sides
