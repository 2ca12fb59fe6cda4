"""Figures of pairs: each generated image beside the real one that it should equal."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from saddlepoint.errors import DataError
from saddlepoint.metrics.formulas.statistics import Doubles
from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.scores import metric as metric_named
from saddlepoint.metrics.scores.base import Comparison, PairMetric
from saddlepoint.metrics.scores.score import Protocol, Score
from saddlepoint.text import counted


def measure_pairs(
    metrics: Sequence[str],
    pairs: Iterable[tuple[Bytes, Bytes]],
    protocol: Protocol,
    comparisons: Sequence[Comparison] | None = None,
) -> list[Score]:
    """The mean of each metric over pairs of a real and a generated image, and its standard deviation over them.

    pairs: uint8 [n, C, H, W] twice, read once; their sizes may change from batch to batch. protocol: as for `measure`;
    the real images' digest is filled in. comparisons: of `metrics`, where they were made before. Raises ShapeError when
    a pair does not fit a metric, DataError when there is none, OfflineError for `lpips` without its weights.
    """
    comparisons = [comparison(metric) for metric in metrics] if comparisons is None else comparisons
    gathered: list[list[Doubles]] = [[] for _ in metrics]
    digest = hashlib.sha256()
    for real, fake in pairs:
        digest.update(repr(real.shape).encode() + real.tobytes())
        for values, (compare, _) in zip(gathered, comparisons):
            values.append(compare(real, fake))
    if not all(gathered):
        raise DataError("there are no pairs to measure.")
    return [
        _score(dataclasses.replace(protocol, metric=metric, extractor=network, data=digest.hexdigest()), values)
        for metric, (_, network), values in zip(metrics, comparisons, map(np.concatenate, gathered))
    ]


def _score(protocol: Protocol, values: Doubles) -> Score:
    count = len(values)
    spread = float(values.std()) if np.isfinite(values).all() else None  # equal images have an infinite ratio
    error = spread / np.sqrt(count) if spread is not None and count > 1 else None
    counted_protocol = dataclasses.replace(protocol, real=count, fake=count)
    return Score(float(values.mean()), counted_protocol, spread, counted(count, "pair"), error=error)


def comparison(name: str, weights: Sequence[Path] = ()) -> Comparison:
    """How a metric compares pairs. weights: files or folders that may hold what it needs. Raises OfflineError."""
    return cast(PairMetric, metric_named(name)).comparison(weights)
