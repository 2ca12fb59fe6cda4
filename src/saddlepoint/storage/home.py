"""Paths as a person types them: `~` is the home folder, where there is one."""

from __future__ import annotations

from pathlib import Path


def expanded(path: str | Path) -> Path:
    """The path with `~` or `~NAME` in front replaced; as it stands where the system knows no such person."""
    path = Path(path)
    try:
        return path.expanduser()
    except RuntimeError:
        return path
