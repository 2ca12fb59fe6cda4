"""LPIPS distance of each pair. Zhang et al. 2018, arXiv:1801.03924."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from saddlepoint.metrics.extractors.lpips import lpips, lpips_from, lpips_identity
from saddlepoint.metrics.scores.base import Comparison, PairMetric


def _comparison(weights: Sequence[Path]) -> Comparison:
    network = lpips_from(weights)
    return partial(lpips, network), lpips_identity(network)


METRIC = PairMetric(_comparison, "less")
