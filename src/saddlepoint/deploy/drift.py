"""Whether pictures still look like those that a model was made for: windows of them against a baseline.

Two tests share the level of a window: the stability index of each trait against chance has half of it, and the Fréchet
distance of all traits together, against what the baseline has with itself by a bootstrap of both sides, a quarter. The
last quarter is held back, since a bootstrap of some hundred pictures knows the tail too well: in simulations without
drift it was passed twice as often as it says. So a window without drift is called drifted in about `level` of all
windows, whatever its size.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, final

import numpy as np
from scipy.special import ndtri

from saddlepoint.deploy.traits import NAMES
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.stability import chance, counts, edges, stability
from saddlepoint.metrics.formulas.statistics import Doubles, gaussian
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit
from saddlepoint.storage.whole import replace

Side = Literal["inputs", "outputs"]
SIDES: tuple[Side, ...] = ("inputs", "outputs")
LEAST, MOST = 50, 2000
"""pictures of a baseline"""
LEAST_WINDOW = 20
"""pictures of a window"""
MOVED = 0.1
"""stability index below which a trait has not moved, however sure that is"""
_DRAWS = 800  # of the bootstrap
_DIGITS = 3  # of a trait that count: what differs further on is noise


@dataclass(frozen=True)
class Look:
    """A window beside the baseline.

    stability: by trait. moved: traits that have moved beyond chance. distance: Fréchet, in squared deviations of ranks.
    band: where the distance of a window of this size without drift lies, in 1 - level of all cases the upper
    end is not passed.
    """

    count: int
    stability: Mapping[str, float]
    moved: tuple[str, ...]
    distance: float
    band: tuple[float, float]

    @property
    def drifted(self) -> bool:
        """Whether the window is called drifted."""
        return bool(self.moved) or self.distance > self.band[1]


@final
@dataclass(frozen=True, eq=False)
class Reference:
    """The traits of one side of a baseline, [m, 8]. level: share of windows without drift that are called drifted.

    Raises DataError for too few pictures, or all alike.
    """

    rows: Doubles
    level: float = 0.01
    seed: int = 0
    _bands: dict[int, tuple[float, float]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not 0 < self.level < 0.5:
            raise ConfigError(f"the level cannot be {self.level}: it must be more than 0 and less than 0.5.")
        if self.rows.ndim != 2 or self.rows.shape[1] != len(NAMES) or not np.isfinite(self.rows).all():
            raise DataError(f"a baseline has {len(NAMES)} finite numbers of each picture.")
        if len(self.rows) < LEAST:
            raise DataError(f"a baseline needs {LEAST} pictures or more, and here are {len(self.rows)}.")

    @cached_property
    def _sorted(self) -> Doubles:
        return np.sort(self.rows.round(_DIGITS), axis=0)

    @cached_property
    def _scores(self) -> Doubles:
        return self._score(self.rows)

    def _score(self, rows: Doubles) -> Doubles:
        """Each trait as the normal deviate of its rank in the baseline: no rare value decides, however far it lies."""
        count = len(self._sorted)
        ranks = np.empty_like(rows)
        for column, (known, values) in enumerate(zip(self._sorted.T, rows.round(_DIGITS).T)):
            ends = (np.searchsorted(known, values, side) for side in ("left", "right"))
            ranks[:, column] = sum(ends) / (2 * count)
        return np.asarray(ndtri(np.clip(ranks, 0.5 / count, 1 - 0.5 / count)))

    @cached_property
    def _bins(self) -> list[tuple[Doubles, Doubles]]:
        inner = [edges(column) for column in self._sorted.T]
        return [(each, counts(column, each)) for each, column in zip(inner, self._sorted.T)]

    def look(self, window: Doubles) -> Look:
        """A window [n, 8] beside it. Raises DataError for too few pictures."""
        if len(window) < LEAST_WINDOW:
            raise DataError(f"drift is looked for in {LEAST_WINDOW} pictures or more, and here are {len(window)}.")
        indices, moved = {}, []
        for name, (inner, shares), column in zip(NAMES, self._bins, window.round(_DIGITS).T):
            counted = counts(column, inner)
            indices[name] = stability(shares, counted)
            sure = chance(indices[name], shares, counted) < self.level / (2 * len(NAMES))
            if sure and indices[name] > MOVED:
                moved.append(name)
        return Look(len(window), indices, tuple(moved), self.distance(window), self.band(len(window)))

    def distance(self, window: Doubles) -> float:
        """The Fréchet distance of a window, in squared deviations of ranks."""
        return _distance(self._scores, self._score(window))

    def band(self, count: int) -> tuple[float, float]:
        """The distances of windows of this size without drift: both sides drawn anew from the baseline."""
        if count not in self._bands:
            rng = np.random.default_rng(self.seed)
            draws = []
            for _ in range(_DRAWS):
                first, second = (self._scores[rng.integers(0, len(self.rows), n)] for n in (len(self.rows), count))
                draws.append(_distance(first, second))
            low, high = np.quantile(draws, [self.level / 4, 1 - self.level / 4])
            self._bands[count] = float(low), float(high)
        return self._bands[count]


def _distance(first: Doubles, second: Doubles) -> float:
    return frechet_distance(gaussian(first), gaussian(second))


@final
@dataclass(frozen=True, eq=False)
class Baseline:
    """What a model was made for: the traits of its inputs, of its outputs, or of both.

    version: of the model whose outputs they are, empty for none.
    """

    sides: Mapping[Side, Reference]
    version: str = ""

    def write(self, path: Path) -> None:
        """Write it as JSON. Raises RunError."""
        sides = {side: reference.rows.round(6).tolist() for side, reference in self.sides.items()}
        replace(path, json.dumps({"traits": NAMES, "version": self.version, **sides}).encode())

    @classmethod
    def read(cls, path: Path, level: float = 0.01) -> Baseline:
        """Read one. Raises DataError for a file that is none."""
        try:
            entries = documents.table(path)
            if entries.get("traits") != list(NAMES):
                raise DataError(f"{path} is no baseline of these traits: make it with `saddle drift --save`.")
            rows = {side: np.array(entries[side], np.float64) for side in SIDES if side in entries}
        except (Unfit, OSError, ValueError, TypeError) as error:
            if isinstance(error, DataError):
                raise
            raise DataError(f"{path} is no baseline: {error}.") from error
        if not rows:
            raise DataError(f"{path} holds the traits of no picture.")
        sides = {side: Reference(values, level) for side, values in rows.items()}
        return cls(sides, str(entries.get("version", ""))[:64])
