"""Keeps what a benchmark measured, as a file of evidence/benchmarks/ from which docs/benchmarks.md is made."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from saddlepoint.storage.whole import write_json

FOLDER = Path(__file__).parents[1] / "evidence" / "benchmarks"


def record(
    name: str,
    title: str,
    protocol: str,
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    notes: Sequence[str] = (),
    command: str | None = None,
) -> Path:
    """Write evidence/benchmarks/NAME.json and return its path.

    title: of its part of the page. protocol: sentences that say how it was measured, on what, and what it does not say.
    tables: a heading ("" for none) -> rows; a row maps a column to a number or a text. notes: sentences below them.
    command: what makes the figures again; by default this process's own command line.
    """
    path = FOLDER / f"{name}.json"
    words = command or shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    value = {
        "title": title,
        "command": words,
        "protocol": protocol,
        "tables": [{"heading": heading, "rows": [dict(row) for row in rows]} for heading, rows in tables.items()],
        "notes": list(notes),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads",
        "torch": torch.__version__,
        "commit": _commit(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, value)
    return path


def _commit() -> str | None:
    try:
        asked = ["git", "rev-parse", "--short", "HEAD"]
        return subprocess.run(asked, cwd=FOLDER.parent, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
