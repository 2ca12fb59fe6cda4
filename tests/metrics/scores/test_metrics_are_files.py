"""Every metric is one file that is found by looking: its name, what it needs, and which way it is better."""

from __future__ import annotations

from typing import get_args

import pytest

from saddlepoint.metrics.scores import MetricKind, metric, names
from saddlepoint.metrics.scores.reference import Metric, among

ALL = [(kind, name) for kind in get_args(MetricKind) for name in names(kind)]


@pytest.mark.parametrize(("kind", "name"), ALL, ids=[name for _, name in ALL])
def test_a_metric_is_of_its_kind_and_knows_its_direction(kind: str, name: str) -> None:
    value = metric(name)
    assert type(value).__name__ == kind
    assert value.direction in ("less", "more", "one")


def test_the_command_knows_all_of_them() -> None:
    assert set(get_args(Metric)) == {name for _, name in ALL}
    assert {"copying", "likelihood", "mig", "path-length", "train-on-synthetic", "with-synthetic"} <= set(
        names("ModelMetric")
    )
    assert {"fid-by-resolution", "sliced-wasserstein"} <= set(names("ImageSetMetric"))
    assert among(["fid", "mig", "kid"], "ModelMetric") == ["mig"]
