"""Eight bodies of known shape, of many proportions: as clouds, grids and meshes for the worlds that name them.

Each is a surface g(x, y, z) = 1 in a frame of its own; seven are star-shaped, with g of degree 1, so that a direction d
meets the surface at d / g(d). A ring has a hole. Then each axis is scaled, and the whole turned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.spatial import ConvexHull

from saddlepoint.data.world.base import SEED
from saddlepoint.keyed import numpy_generator

CLASSES = ("ball", "box", "cylinder", "cone", "pyramid", "prism", "octahedron", "ring")
_TUBE, _RING = 0.3, 0.7  # radii of the ring
_FINE = 400  # directions that points are drawn among


@dataclass(frozen=True)
class Body:
    """A body of a class. frame: [3, 3], from its own frame to the world's: scales, then a turn."""

    name: str
    frame: np.ndarray


def body(row: int, *, tumbled: bool = False) -> Body:
    """Body number `row`; classes come in turn. Turned about z alone, or about any axis where it is tumbled."""
    draw = numpy_generator(SEED, "body", row)
    scale = draw.uniform(0.5, 1.0, 3)
    angle = draw.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    if tumbled:
        turn = _any_turn(draw)
    return Body(CLASSES[row % len(CLASSES)], turn * scale)


def _any_turn(draw: np.random.Generator) -> np.ndarray:
    """A rotation, even over all of them."""
    square, triangle = np.linalg.qr(draw.standard_normal((3, 3)))
    turn: np.ndarray = square * np.sign(np.diag(triangle))
    return turn if np.linalg.det(turn) > 0 else turn[:, [1, 0, 2]]


def gauge(name: str, places: np.ndarray) -> np.ndarray:
    """g of places [..., 3] in a body's own frame: at most 1 inside. Of degree 1 but for the ring."""
    x, y, z = places[..., 0], places[..., 1], places[..., 2]
    return _GAUGES[name](x, y, z)


_Gauge = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
_GAUGES: dict[str, _Gauge] = {
    "ball": lambda x, y, z: np.sqrt(x * x + y * y + z * z),
    "box": lambda x, y, z: np.maximum(np.maximum(np.abs(x), np.abs(y)), np.abs(z)) / 0.8,
    "cylinder": lambda x, y, z: np.maximum(np.hypot(x, y), np.abs(z)) / 0.9,
    # Both stand on z = -.7 and rise to 1.1, with sides that lean inward.
    "cone": lambda x, y, z: np.maximum(-z / 0.7, np.hypot(x, y) / 0.7 + z / 1.1),
    "pyramid": lambda x, y, z: np.maximum(-z / 0.7, np.maximum(np.abs(x), np.abs(y)) / 0.65 + z / 1.1),
    "prism": lambda x, y, z: np.maximum(
        np.abs(z) / 0.9, np.maximum(-y, np.maximum(0.5 * y + 0.866 * x, 0.5 * y - 0.866 * x)) / 0.55
    ),
    "octahedron": lambda x, y, z: (np.abs(x) + np.abs(y) + np.abs(z)) / 1.1,
    "ring": lambda x, y, z: np.hypot(np.hypot(x, y) - _RING, z) / _TUBE,
}


def cloud(form: Body, points: int, draw: np.random.Generator) -> np.ndarray:
    """Points about even over the surface.  [points, 3]"""
    if form.name == "ring":
        places = _ring_points(points, draw)
    else:
        directions, faces = _fine()
        corners = (directions / gauge(form.name, directions)[:, None])[faces]  # [F, 3, 3] in its own frame
        scaled = corners @ form.frame.T
        areas = np.linalg.norm(np.cross(scaled[:, 1] - scaled[:, 0], scaled[:, 2] - scaled[:, 0]), axis=1)
        chosen = corners[np.searchsorted(np.cumsum(areas) / areas.sum(), draw.random(points)).clip(0, len(areas) - 1)]
        a, b = np.sqrt(draw.random(points))[:, None], draw.random(points)[:, None]
        places = (1 - a) * chosen[:, 0] + a * (1 - b) * chosen[:, 1] + a * b * chosen[:, 2]
        places /= gauge(form.name, places)[:, None]
    turned: np.ndarray = places @ form.frame.T
    return turned


def _ring_points(points: int, draw: np.random.Generator) -> np.ndarray:
    """Even over the torus: angles round the tube by rejection, in proportion to the distance from the axis."""
    tube = draw.uniform(0, 2 * np.pi, 4 * points)
    kept = tube[draw.random(4 * points) * (_RING + _TUBE) < _RING + _TUBE * np.cos(tube)][:points]
    tube, around = np.resize(kept, points), draw.uniform(0, 2 * np.pi, points)
    away = _RING + _TUBE * np.cos(tube)
    return np.stack((away * np.cos(around), away * np.sin(around), _TUBE * np.sin(tube)), 1)


def grid(form: Body, side: int) -> np.ndarray:
    """Voxels whose middle is inside, uint8 [side, side, side] of 0 and 1, axes z, y, x; the grid spans -1.2 to 1.2."""
    line = ((np.arange(side) + 0.5) / side * 2 - 1) * 1.2
    z, y, x = np.meshgrid(line, line, line, indexing="ij")
    own = np.stack((x, y, z), -1) @ np.linalg.inv(form.frame).T
    return (gauge(form.name, own) <= 1).astype(np.uint8)


def mesh(form: Body, vertices: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A closed mesh of about so many vertices at places that differ from draw to draw: [v, 3] and faces [f, 3]."""
    if form.name == "ring":
        places, faces = _ring_mesh(vertices, draw)
    else:
        directions = _spread(vertices) + draw.normal(0, 0.6 / np.sqrt(vertices), (vertices, 3))
        directions = directions / np.linalg.norm(directions, axis=1, keepdims=True) @ _any_turn(draw)
        faces = _hull(directions)
        places = directions / gauge(form.name, directions)[:, None]
    return places @ form.frame.T, faces


def _ring_mesh(vertices: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    around = max(6, round(np.sqrt(vertices * _RING / _TUBE)))
    across = max(4, vertices // around)
    i, j = (part.ravel() for part in np.meshgrid(np.arange(around), np.arange(across), indexing="ij"))
    turn = (i + draw.uniform(-0.25, 0.25, len(i))) * 2 * np.pi / around
    tube = (j + draw.uniform(-0.25, 0.25, len(j)) + draw.random()) * 2 * np.pi / across
    away = _RING + _TUBE * np.cos(tube)
    places = np.stack((away * np.cos(turn), away * np.sin(turn), _TUBE * np.sin(tube)), 1)
    right, up = (i + 1) % around, (j + 1) % across
    a, b, c, d = i * across + j, right * across + j, right * across + up, i * across + up
    lean = draw.random(len(i)) < 0.5  # which diagonal parts each quad
    first = np.where(lean[:, None], np.stack((a, b, c), 1), np.stack((a, b, d), 1))
    second = np.where(lean[:, None], np.stack((a, c, d), 1), np.stack((b, c, d), 1))
    return places, np.concatenate((first, second))


def _spread(count: int) -> np.ndarray:
    """Directions about even over the sphere, by the golden angle.  [count, 3]"""
    z = 1 - (2 * np.arange(count) + 1) / count
    turn = np.arange(count) * np.pi * (3 - np.sqrt(5))
    flat = np.sqrt(1 - z * z)
    return np.stack((flat * np.cos(turn), flat * np.sin(turn), z), 1)


def _hull(directions: np.ndarray) -> np.ndarray:
    """The triangles between directions on the sphere, counter-clockwise seen from outside.  [f, 3]"""
    faces = ConvexHull(directions).simplices.astype(np.int64)
    a, b, c = (directions[faces[:, k]] for k in range(3))
    inward = (np.cross(b - a, c - a) * a).sum(1) < 0
    faces[inward] = faces[inward][:, [0, 2, 1]]
    return faces  # type: ignore[no-any-return]


@cache
def _fine() -> tuple[np.ndarray, np.ndarray]:
    directions = _spread(_FINE)
    return directions, _hull(directions)
