"""Ways through latents: straight lines, great circles and smooth curves, from point to point.

A great circle keeps the length that Gaussian latents have, where a straight line cuts through the middle, which a
generator has hardly ever seen (White 2016, arXiv:1609.04468). Styles have no such shell: there a line is right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import scipy
import torch
from torch import Tensor

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas.path_length import slerp

Along = Literal["line", "great-circle", "smooth"]
"""straight from point to point, on arcs about the origin, or on a curve without corners"""


def line(points: Tensor, steps: int, *, closed: bool = False) -> Tensor:
    """Straight from each point to the next.

    points: [k, ...], codes of one kind, two or more. steps: from one point to the next. closed: back to the first.
    Returns [(k - 1) * steps + 1, ...], row i * steps being point i; closed, [k * steps, ...] without the first again.
    Raises ShapeError for fewer than two points or less than one step.
    """
    return _legs(points, steps, closed, torch.lerp)


def great_circle(points: Tensor, steps: int, *, closed: bool = False) -> Tensor:
    """On arcs about the origin from each point to the next, lengths in proportion; otherwise as `line`.

    Points of several axes count as one vector each. Opposite points are joined by one of the many arcs, the same each
    time; from or to the origin the way is straight.
    """

    def arc(a: Tensor, b: Tensor, place: Tensor) -> Tensor:
        return slerp(a.flatten(1), b.flatten(1), place.flatten()).view_as(a)

    return _legs(points, steps, closed, arc)


def smooth(points: Tensor, steps: int, *, closed: bool = False) -> Tensor:
    """On a cubic spline through the points, whose speed and direction have no jumps; otherwise as `line`."""
    _check(points, steps)
    knots = torch.cat([points, points[:1]]) if closed else points
    ends = "periodic" if closed else "natural"
    spline = scipy.interpolate.CubicSpline(range(len(knots)), knots.detach().cpu().double(), bc_type=ends)
    places = torch.arange((len(knots) - 1) * steps + (not closed), dtype=torch.float64) / steps
    return torch.from_numpy(spline(places)).to(points)


def through(points: Tensor, steps: int, along: Along, *, closed: bool = False) -> Tensor:
    """The way that `along` names."""
    ways = {"line": line, "great-circle": great_circle, "smooth": smooth}
    return ways[along](points, steps, closed=closed)


def sheet(corners: Tensor, rows: int, columns: int, along: Along = "line") -> Tensor:
    """A field between four points: left to right between them in pairs, then from top to bottom.

    corners: [4, ...]: top left, top right, bottom left, bottom right. Returns [rows * columns, ...], row by row.
    Raises ShapeError for other numbers of corners or fewer than two rows or columns.
    """
    if len(corners) != 4:
        raise ShapeError(f"a field lies between 4 corners, not {len(corners)}.")
    top, bottom = (through(pair, columns - 1, along) for pair in corners.split(2))
    down = [through(torch.stack(ends), rows - 1, along) for ends in zip(top, bottom)]  # one for each column
    return torch.stack(down, 1).flatten(0, 1)


def _legs(points: Tensor, steps: int, closed: bool, between: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Tensor:
    _check(points, steps)
    start, end = (points, points.roll(-1, 0)) if closed else (points[:-1], points[1:])
    place = torch.arange(steps, device=points.device, dtype=points.dtype) / steps
    place = place.view(-1, *[1] * (points.ndim - 1))  # [steps, 1, ...]
    legs = [between(a.expand(steps, *a.shape), b.expand(steps, *b.shape), place) for a, b in zip(start, end)]
    return torch.cat(legs if closed else [*legs, points[-1:]])


def _check(points: Tensor, steps: int) -> None:
    if points.ndim < 2 or len(points) < 2 or steps < 1:
        raise ShapeError(f"a path needs two points [k, ...] and a step, got {list(points.shape)} and {steps} steps.")
