"""Mean distance of two generated images in features: small where they are all alike."""

from __future__ import annotations

import numpy as np

from saddlepoint.metrics.extractors.features import Features
from saddlepoint.metrics.formulas.diversity import pair_distance
from saddlepoint.metrics.formulas.statistics import Doubles
from saddlepoint.metrics.scores.base import FeatureMetric


def _distance(first: Features, second: Features) -> Doubles:
    return np.asarray(np.linalg.norm(first.astype(np.float64) - second, axis=1))


METRIC = FeatureMetric(
    lambda sets: pair_distance(_distance, sets.fake),
    "more",
)
