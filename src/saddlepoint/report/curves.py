"""The curves of a run: its figures as lines over the examples shown, small enough to stand in a page.

A family is what shares a chart: the critic's terms, the generator's, the scores, the rate. Figures of very different
size get panels of their own, one above the other. A thin line is the raw figure (its least and greatest value in each
narrow span, so that no spike is lost); the strong line is its moving mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from saddlepoint.report.log import Log, Series
from saddlepoint.report.wording import number, short

WIDTH, HEIGHT = 480, 190
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 8, 24
SPANS = 240  # points kept of a line, twice as many of a raw one
MOST = 6  # lines in a panel: as many as there are colours
APART = 8.0  # figures share a panel while the largest is at most so many times the smallest
FEW = 24  # a line of so few points is drawn as it is, with its points marked


@dataclass(frozen=True)
class Tick:
    """A mark of an axis: where it stands in the drawing and what it says."""

    at: float
    text: str


@dataclass(frozen=True)
class Curve:
    """One figure, ready to draw: points are "x,y x,y ..." in the units of the drawing."""

    name: str
    smooth: str
    raw: str
    marks: tuple[tuple[float, float], ...]
    last: str
    lost: int  # values that were not finite
    description: str


@dataclass(frozen=True)
class Panel:
    """Curves over one pair of axes."""

    curves: tuple[Curve, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]


@dataclass(frozen=True)
class Family:
    """Panels under one title."""

    title: str
    panels: tuple[Panel, ...]


def families(log: Log) -> tuple[Family, ...]:
    """The charts of a run: each group's terms in the order of the log, then the scores, then the rate."""
    grouped: dict[str, dict[str, Series]] = {}
    for name, series in log.figures.items():
        group, _, term = name.partition("/")
        grouped.setdefault(group, {})[term or group] = series
    end = max((float(series.examples.max()) for series in log.figures.values()), default=0.0)
    order = sorted(grouped, key=lambda group: (group == "score") + 2 * (group == "examples_per_s"))
    return tuple(Family(_title(group, grouped[group]), tuple(_panels(grouped[group], end))) for group in order)


def _title(group: str, figures: Mapping[str, Series]) -> str:
    known = {"score": "Scores", "examples_per_s": "Rate"}
    words = group.replace("_", " ").capitalize()
    return known.get(group, words if list(figures) == [group] else f"{words} terms")


def _panels(figures: Mapping[str, Series], end: float) -> Iterator[Panel]:
    """Figures of one size together, in their own order."""
    shared: list[tuple[list[float], dict[str, Series]]] = []
    for name, series in figures.items():
        size = _size(series)
        for sizes, members in shared:
            if len(members) < MOST and max(size, *sizes) <= APART * min(size, *sizes):
                sizes.append(size)
                members[name] = series
                break
        else:
            shared.append(([size], {name: series}))
    for _, members in shared:
        yield _panel(members, end)


def _size(series: Series) -> float:
    finite = series.values[np.isfinite(series.values)]
    return max(float(np.percentile(np.abs(finite), 90)), 1e-12) if len(finite) else 1.0


def _panel(figures: Mapping[str, Series], end: float) -> Panel:
    finite = {name: _finite(series) for name, series in figures.items()}
    low, high = _span(finite.values())
    last = max(end, 1.0)

    def place(shown: np.ndarray, values: np.ndarray) -> np.ndarray:
        x = LEFT + shown / last * (WIDTH - LEFT - RIGHT)
        return np.stack((x, TOP + (high - values) / (high - low) * (HEIGHT - TOP - BOTTOM)), axis=1).round(1)

    shown, values = _steps(0, last), _steps(low, high)
    across = tuple(Tick(x, short(at)) for at, (x, _) in zip(shown, place(shown, 0 * shown).tolist()))
    up = tuple(Tick(y, short(at)) for at, (_, y) in zip(values, place(0 * values, values).tolist()))
    curves = []
    for name, series in finite.items():
        few = len(series.values) <= FEW
        mean = series if few else _moving_mean(series)
        raw = "" if few else _points(place(*_extremes(series)))
        smooth = place(*_thinned(mean))
        text = number(float(mean.values[-1])) if len(mean.values) else "–"
        marks = tuple((float(x), float(y)) for x, y in smooth) if few else ()
        lost = len(figures[name].values) - len(series.values)
        curves.append(Curve(name, _points(smooth), raw, marks, text, lost, _described(name, series, lost)))
    return Panel(tuple(curves), across, up)


def _finite(series: Series) -> Series:
    keep = np.isfinite(series.values)
    return Series(series.examples[keep], series.values[keep])


def _span(lines: Iterable[Series]) -> tuple[float, float]:
    """What the vertical axis shows: all but the outermost hundredth of each line; zero too, where it is near."""
    ends = [np.percentile(line.values, (1, 99)) if len(line.values) > FEW else line.values for line in lines]
    values = np.concatenate(ends) if ends else np.zeros(0)
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if 0 < low < high / 3:
        low = 0.0
    room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return (low if low == 0 else low - room), high + room


def _steps(low: float, high: float, count: int = 5) -> np.ndarray:
    """Round numbers within [low, high], about `wanted` of them."""
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(round_ for round_ in (1, 2, 5, 10) if round_ * power >= rough * 0.999)
    return np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step


def _moving_mean(series: Series) -> Series:
    """Mean over a fortieth of the line, centred; at the ends over the part of that span that is there."""
    count = len(series.values)
    half, at = max(1, count // 80), np.arange(count)
    sums = np.concatenate(([0.0], np.cumsum(series.values)))
    first, last = np.maximum(at - half, 0), np.minimum(at + half + 1, count)
    return Series(series.examples, (sums[last] - sums[first]) / (last - first))


def _thinned(series: Series) -> tuple[np.ndarray, np.ndarray]:
    if len(series.values) <= SPANS:
        return series.examples, series.values
    keep = np.linspace(0, len(series.values) - 1, SPANS).round().astype(int)
    return series.examples[keep], series.values[keep]


def _extremes(series: Series) -> tuple[np.ndarray, np.ndarray]:
    """The least and greatest value of each of `SPANS` spans, in the order in which they came."""
    if len(series.values) <= 2 * SPANS:
        return series.examples, series.values
    keep: list[int] = []
    edges = np.linspace(0, len(series.values), SPANS + 1).astype(int)
    for start, stop in pairwise(edges.tolist()):
        part = series.values[start:stop]
        keep += sorted({start + int(part.argmin()), start + int(part.argmax())})
    return series.examples[keep], series.values[keep]


def _points(places: np.ndarray) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)


def _described(name: str, finite: Series, lost: int) -> str:
    """The curve in words, for those who do not see it."""
    values = finite.values
    if not len(values):
        return f"{name}: no finite value."
    first, least, most, last = (number(float(x)) for x in (values[0], values.min(), values.max(), values[-1]))
    text = f"{name}: from {first} to {last}, between {least} and {most}"
    return text + (f"; {lost:,} values were not finite." if lost else ".")
