"""Scores: figures with the protocol that each was made by, as `saddle evaluate` and the scoring hook report them.

A metric is one file here: it has the metric's name, with underscores for hyphens, and holds `METRIC`, of the kind that
says what it needs: features, sets of images, a model, or pairs of images or texts. Names are read without importing
anything.
"""

from __future__ import annotations

import ast
import importlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from saddlepoint.metrics.scores.base import Metric

MetricKind = Literal["FeatureMetric", "ImageSetMetric", "ModelMetric", "PairMetric", "TextMetric"]
_HERE = Path(__file__).parent


@cache
def names(kind: MetricKind) -> tuple[str, ...]:
    """All metrics of a kind in order of their names."""
    return tuple(path.stem.replace("_", "-") for path in sorted(_HERE.glob("*.py")) if _kind(path) == kind)


def metric(name: str) -> Metric:
    """A metric by one of `names`."""
    value: Metric = importlib.import_module(f"{__name__}.{name.replace('-', '_')}").METRIC
    return value


def _kind(path: Path) -> str | None:
    """What `METRIC = KIND(...)` of a file says, None without one."""
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="METRIC")], value=ast.Call(func=ast.Name(id=kind))):
                return kind
    return None
