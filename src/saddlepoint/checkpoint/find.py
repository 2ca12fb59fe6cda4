"""The checkpoint that a person means by a path: a folder of one, the latest whole one of a run, or RUN/best."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from saddlepoint.checkpoint import files, hub, pretrained
from saddlepoint.checkpoint.hook import FIRST_AFTER, Checkpoints
from saddlepoint.engine.run import Folder
from saddlepoint.errors import CheckpointError
from saddlepoint.storage.plain import judged

BEST = "best"
"""what follows the folder of a run to mean its best checkpoint instead of its latest: RUN/best"""


def find_checkpoint(path: Path) -> Path:
    """The whole checkpoint that a path means: itself, the latest good one of a run, or for RUN/best the one with the
    lowest figure. Raises CheckpointError."""
    if (path / files.MANIFEST).exists():
        files.check(path)
        return path
    if pretrained.is_packed(path) or str(path).startswith(hub.PREFIX):
        raise CheckpointError(f"{path} is a model without what training needs: give the folder of its run.")
    if means_best(path):
        best = best_checkpoint(path.parent, warnings.warn)
        if best is None:
            raise CheckpointError(
                f"{path.parent} has no best checkpoint: only a run that is measured while it trains (--score fid) or"
                f" told a figure to watch (--best FIGURE) keeps one. Give {path.parent} for its latest."
            )
        files.check(best[0])
        return best[0]
    if not path.exists():
        raise CheckpointError(f"there is no {path}.")
    newest = files.latest(Folder(path).checkpoints, warnings.warn)
    if newest is None:
        raise CheckpointError(f"{path} holds no complete checkpoint{_meant(path)}.")
    return newest


def means_best(path: Path) -> bool:
    """Whether a path is that of a run with `best` behind it."""
    return path.name == BEST and not path.exists() and Folder(path.parent).facts.exists()


def best_checkpoint(run: Path, say: Callable[[str], object] = lambda text: None) -> tuple[Path, float] | None:
    """The checkpoint of a run whose watched figure was lowest so far, and that figure; None where none is watched.

    Raises CheckpointError where the run's latest checkpoint cannot be read.
    """
    newest = files.latest(Folder(run).checkpoints, say)
    if newest is None:
        return None
    with judged(f"the checkpoint {newest}", CheckpointError):
        hooks: Any = files.read(newest, (), checked=True)[1].get("hooks")
        best: Any = hooks.get(Checkpoints.__name__, {}).get("best") if isinstance(hooks, dict) else None
        if best is None:
            return None
        figure, step = float(best[0]), int(best[1])
    return Folder(run).checkpoints / files.name_of(step), figure


def _meant(path: Path) -> str:
    """When there will be one, or what else could be given: a run that lies in the folder, the newest of several."""
    if Folder(path).facts.exists():
        return f" yet: a run writes its first one after {FIRST_AFTER:.0f} seconds of training, or when it is stopped"
    runs = [facts.parent for facts in path.glob("*/run.json")]
    return f". Give a run in it, such as {max(runs, key=lambda run: run.stat().st_mtime)}" if runs else ""
