"""The commit that the package runs from, where it is a checkout: part of where a figure or a model comes from."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path


@cache
def commit() -> str | None:
    """The short name of the checkout's commit; None where the package is installed, or git is missing."""
    words = ["git", "log", "-1", "--format=%h", "--", str(Path(__file__))]  # nothing where git does not know this file
    try:
        here = Path(__file__).parent
        known = subprocess.run(words, cwd=here, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
        if not known:
            return None
        head = ["git", "rev-parse", "--short", "HEAD"]
        return subprocess.run(head, cwd=here, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
