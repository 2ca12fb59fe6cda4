"""The stub of `saddlepoint.train` names every setting of runs and data with its type, so that editors complete them.

`python tests/runs/test_typed.py` writes it anew.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from saddlepoint.data import settings
from saddlepoint.engine import run

STUB = Path(run.__file__).parents[1] / "runs/typed.pyi"
RANGES = {
    "Count": "int",
    "Natural": "int",
    "Positive": "float",
    "Weight": "float",
    "Share": "float",
    "Decay": "float",
    "Threads": "int",
}
LEFT_OUT = ("data", "spellings")
HEAD = '''"""`saddlepoint.train` as editors and type checkers see it; tests/runs/test_typed.py writes this file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from saddlepoint.engine.hooks import Hook
from saddlepoint.methods.base import Method
from saddlepoint.runs.trained import Trained

'''


def stub() -> str:
    """The text of the stub: settings of the run and the data as keywords, those of the method as any others."""
    lines = [
        "def train(",
        "    method: str | Path | type[Method] | Method,",
        '    data: object = "digits",',
        "    *,",
        "    out: str | Path | None = None,",
        "    preset: str | None = None,",
        "    config: str | Path | None = None,",
        "    start: str | Path | None = None,",
        "    hooks: Sequence[Hook] = (),",
        "    images: int = ...,",
    ]
    for module, kind in ((run, "RunSettings"), (settings, "DataSettings")):
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))  # type: ignore[arg-type]
        body = next(one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == kind).body
        for field in body:
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and field.target.id not in LEFT_OUT
            ):
                lines.append(f"    {field.target.id}: {plain(ast.unparse(field.annotation))} = ...,")
    return HEAD + "\n".join([*lines, "    **settings: Any,", ") -> Trained: ..."]) + "\n"


def plain(annotation: str) -> str:
    """A type as it is given from Python: ranges as numbers, tuples as sequences, paths as words too."""
    annotation = re.sub(r"Annotated\[(\w+), .*?\)\]", r"\1", annotation)
    for name, number in RANGES.items():
        annotation = re.sub(rf"\b{name}\b", number, annotation)
    annotation = re.sub(r"tuple\[(.*), \.\.\.\]", r"Sequence[\1]", annotation)
    return re.sub(r"\bPath\b", "str | Path", annotation).replace("'", '"')


def test_the_stub_names_every_setting_of_runs_and_data() -> None:
    assert re.sub(r"\s", "", STUB.read_text(encoding="utf-8").replace(",\n", ",")) == re.sub(r"\s", "", stub())


if __name__ == "__main__":
    STUB.write_text(stub(), encoding="utf-8")
