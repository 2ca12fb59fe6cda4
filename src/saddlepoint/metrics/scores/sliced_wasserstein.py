"""Sliced Wasserstein distance of patches at each level of a pyramid. Karras et al. 2018, arXiv:1710.10196, sec. 5."""

from __future__ import annotations

from collections.abc import Callable

from saddlepoint.metrics.extractors.features import Extractor
from saddlepoint.metrics.formulas.sliced import sliced_wasserstein
from saddlepoint.metrics.scores.base import ImageSetMetric
from saddlepoint.metrics.sets import ImageSet


def _figures(extractor: Callable[[], Extractor], real: ImageSet, fake: ImageSet, most: int) -> dict[int, float]:
    count = min(len(real), len(fake), most)
    return sliced_wasserstein(real.spread(count), fake.spread(count))


METRIC = ImageSetMetric(_figures, "less", "sliced-wasserstein")
