"""The measures that proofs name: what is compared, and against which naive baseline; one file a measure.

A measure's name is its file's name with hyphens. Its file holds `MEASURE`; names are read without importing anything.
"""

from __future__ import annotations

import ast
import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from saddlepoint.config import nearest
from saddlepoint.errors import ConfigError

if TYPE_CHECKING:
    from saddlepoint.metrics.proofs.base import Measure

_HERE = Path(__file__).parent


def names() -> tuple[str, ...]:
    """All measures in order of their names."""
    return tuple(path.stem.replace("_", "-") for path in sorted(_HERE.glob("*.py")) if _holds_measure(path))


def measure(name: str) -> Measure:
    """A measure by its name. Raises ConfigError with the nearest right name for an unknown one."""
    known = names()
    if name not in known:
        raise ConfigError(f"no measure is called {name!r}{nearest(name, known)}")
    measure_of_name: Measure = importlib.import_module(f"{__name__}.{name.replace('-', '_')}").MEASURE
    return measure_of_name


def _holds_measure(path: Path) -> bool:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    targets = [target for statement in body if isinstance(statement, ast.Assign) for target in statement.targets]
    return any(isinstance(target, ast.Name) and target.id == "MEASURE" for target in targets)
