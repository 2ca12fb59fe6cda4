"""The Fréchet distance at the images' own side and at its halves, down to 4 pixels."""

from __future__ import annotations

from collections.abc import Callable

from saddlepoint.metrics.extractors.features import Extractor
from saddlepoint.metrics.scores.base import ImageSetMetric
from saddlepoint.metrics.scores.resolutions import frechet_by_resolution
from saddlepoint.metrics.sets import ImageSet

_COARSEST = 4  # pixels a side


def _figures(extractor: Callable[[], Extractor], real: ImageSet, fake: ImageSet, most: int) -> dict[int, float]:
    sides = [min(real.spread(1).shape[2:])]
    while sides[-1] >= 2 * _COARSEST:
        sides.append(sides[-1] // 2)
    return frechet_by_resolution(extractor(), real.stream(), fake.stream(), sides)


METRIC = ImageSetMetric(_figures, "less", "fid", of_features=True)
