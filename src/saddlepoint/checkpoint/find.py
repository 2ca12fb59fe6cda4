"""The checkpoint that a person means by a path: a folder of one, or the latest whole one of a run."""

from __future__ import annotations

import warnings
from pathlib import Path

from saddlepoint.checkpoint import files, hub, pretrained
from saddlepoint.checkpoint.hook import FIRST_AFTER
from saddlepoint.engine.run import Folder
from saddlepoint.errors import CheckpointError


def find_checkpoint(path: Path) -> Path:
    """The whole checkpoint that a path means: itself, or the latest good one of a run. Raises CheckpointError."""
    if (path / files.MANIFEST).exists():
        files.check(path)
        return path
    if pretrained.is_packed(path) or str(path).startswith(hub.PREFIX):
        raise CheckpointError(f"{path} is a model without what training needs: give the folder of its run.")
    if not path.exists():
        raise CheckpointError(f"there is no {path}.")
    newest = files.latest(Folder(path).checkpoints, warnings.warn)
    if newest is None:
        raise CheckpointError(f"{path} holds no complete checkpoint{_meant(path)}.")
    return newest


def _meant(path: Path) -> str:
    """When there will be one, or what else could be given: a run that lies in the folder, the newest of several."""
    if Folder(path).facts.exists():
        return f" yet: a run writes its first one after {FIRST_AFTER:.0f} seconds of training, or when it is stopped"
    runs = [facts.parent for facts in path.glob("*/run.json")]
    return f". Give a run in it, such as {max(runs, key=lambda run: run.stat().st_mtime)}" if runs else ""
