"""Drift while a service runs: what comes and what leaves, a window at a time, beside each model's baseline.

Of an image eight numbers are held until its window is full, and of a window its figures; no image is kept for this.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal, final

import numpy as np
import sqlalchemy as sa
from PIL import Image
from pydantic import Field

from saddlepoint.deploy.drift import Baseline, Look, Side
from saddlepoint.deploy.serve.journal import Journal
from saddlepoint.deploy.serve.ledger import Ledger, now, table
from saddlepoint.deploy.serve.monitor import Monitor
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.deploy.serve.schemas import Typed
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.deploy.traits import traits
from saddlepoint.metrics.formulas.statistics import Doubles

MOST_LOOKED_AT = 8
"""pictures of one answer that are looked at: one client's many are not to be a window"""
_SHOWN = 100  # windows of a side that are listed, the newest first
_WINDOWS = table(
    "windows",
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("model", sa.String(128), nullable=False, index=True),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("side", sa.String(8), nullable=False),
    sa.Column("figures", sa.Text, nullable=False),
)


class WindowReport(Typed):
    """A window that was full."""

    model: str
    version: str
    side: Literal["inputs", "outputs"]
    at: datetime
    count: int = Field(description="pictures in it")
    drifted: bool
    moved: list[str] = Field(description="traits that have moved beyond chance")
    stability: dict[str, float] = Field(description="population stability index of each trait")
    distance: float = Field(description="Fréchet distance to the baseline, in squared deviations")
    low: float = Field(description="lower end of the distances of windows without drift")
    high: float


class DriftReport(Typed):
    """How what comes and what leaves compares with the baselines."""

    window: int = Field(description="pictures of a window")
    level: dict[str, float] = Field(description="share of windows without drift that are called drifted, by model")
    filling: dict[str, int] = Field(description="pictures of the windows that are not full yet, by model and side")
    windows: list[WindowReport] = Field(description="the newest first")


class _Window:
    """A window that is being filled, without copies of one picture: a seed that all ask for is one."""

    def __init__(self) -> None:
        self.rows: dict[bytes, Doubles] = {}


@final
class Watch:
    """Looks at the models that have a baseline; may be told from any thread.

    baselines: by full name. window: pictures of one.
    """

    def __init__(self, baselines: Mapping[str, Baseline], window: int, monitor: Monitor, journal: Journal) -> None:
        self._baselines, self._size, self._journal = dict(baselines), window, journal
        self._open: dict[tuple[str, Side], _Window] = {
            (name, side): _Window() for name, baseline in baselines.items() for side in baseline.sides
        }
        self._last: dict[tuple[str, Side], Look] = {}
        self._kept: deque[WindowReport] = deque(maxlen=_SHOWN)
        self._lock = threading.Lock()
        self.ledger: Ledger | None = None
        labels = ("model", "side")
        monitor.watch("drift", "1 where the last full window has drifted.", labels, lambda: self._of(_flag))
        monitor.watch("drift_distance", "Frechet distance of the last full window.", labels, lambda: self._of(_far))
        monitor.watch("drift_distance_limit", "Where drift begins.", labels, lambda: self._of(_limit))
        monitor.watch("drift_stability", "Highest stability index of a trait.", labels, lambda: self._of(_index))

    def _of(self, figure: Callable[[Look], float]) -> dict[tuple[str, Side], float]:
        with self._lock:
            return {key: figure(look) for key, look in self._last.items()}

    def watches(self, served: Served, side: Side) -> bool:
        """Whether this side of a model has a baseline."""
        return (served.full_name, side) in self._open

    def take(self, served: Served, side: Side, pictures: Sequence[Image.Image]) -> None:
        """Take pictures into the window of a side; a full one is judged."""
        key = (served.full_name, side)
        if key not in self._open:
            return
        for picture in pictures[:MOST_LOOKED_AT]:
            row = traits(picture)
            with self._lock:
                window = self._open[key]
                window.rows[row.tobytes()] = row
                full = len(window.rows) >= self._size
                if full:
                    self._open[key] = _Window()
            if full:
                self._judge(served, side, np.stack(list(window.rows.values())))

    def _judge(self, served: Served, side: Side, rows: Doubles) -> None:
        look = self._baselines[served.full_name].sides[side].look(rows)
        report = WindowReport(
            model=served.full_name,
            version=served.model.version,
            side=side,
            at=now(),
            count=look.count,
            drifted=look.drifted,
            moved=list(look.moved),
            stability={name: round(index, 4) for name, index in look.stability.items()},
            distance=round(look.distance, 5),
            low=round(look.band[0], 5),
            high=round(look.band[1], 5),
        )
        with self._lock:
            self._last[served.full_name, side] = look
            self._kept.appendleft(report)
        if look.drifted:
            self._journal.line("drift", model=served.full_name, side=side, moved=look.moved, distance=report.distance)
        if self.ledger is not None:
            try:
                self.ledger.add(
                    _WINDOWS,
                    model=report.model,
                    version=report.version,
                    side=side,
                    figures=report.model_dump_json(),
                    at=report.at,
                )
            except Refusal as refusal:
                self._journal.line("not-kept", what="window", why=refusal.kind)

    def report(self) -> DriftReport:
        """The windows so far, of all services that share a store. Raises Refusal (503)."""
        with self._lock:
            filling = {f"{name} {side}": len(window.rows) for (name, side), window in self._open.items()}
            windows = list(self._kept)
        if self.ledger is not None:
            newest = sa.select(_WINDOWS.c.figures).order_by(_WINDOWS.c.at.desc(), _WINDOWS.c.id.desc()).limit(_SHOWN)
            windows = [WindowReport.model_validate_json(row.figures) for row in self.ledger.rows(newest)]
        level = {name: next(iter(baseline.sides.values())).level for name, baseline in self._baselines.items()}
        return DriftReport(window=self._size, level=level, filling=filling, windows=windows)


def _flag(look: Look) -> float:
    return float(look.drifted)


def _far(look: Look) -> float:
    return look.distance


def _limit(look: Look) -> float:
    return look.band[1]


def _index(look: Look) -> float:
    return max(look.stability.values())
