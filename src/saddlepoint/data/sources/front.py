"""Houses of 3D-FRONT: the walls, floors and all else that is built in, as one mesh. Fu et al. 2021, arXiv:2011.09127.

A house's JSON holds the built parts under "mesh" ("xyz" and "faces" as flat lists) and, in the "children" of each room,
where they stand: "pos", "rot" (a quaternion x y z w) and "scale". The furniture is named only; its meshes are those of
3D-FUTURE.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from saddlepoint.data.sources.numpy_files import UnusableFile
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit

_MOST_BYTES, _MOST_ITEMS = 2**28, 20_000_000
_MOST = 2_000_000
"""vertices of a house"""


def read_house(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Vertices [V, 3] and triangles [F, 3] of the built parts of a house, z up. Raises UnusableFile with the reason."""
    try:
        house = documents.parsed(content, "it", most_bytes=_MOST_BYTES, most_items=_MOST_ITEMS)
    except Unfit as error:
        raise UnusableFile(f"could not be read: {error}") from error
    parts = house.get("mesh") if isinstance(house, dict) else None
    if not isinstance(parts, list) or not parts:
        raise UnusableFile('has no "mesh", so it is no house of 3D-FRONT')
    placed = dict(_placed(house))
    vertices, triangles, count = [], [], 0
    for part in parts:
        places, faces = _part(part)
        for turn, move in placed.get(str(part.get("uid")), [(np.eye(3), np.zeros(3))]):
            vertices.append(places @ turn.T + move)
            triangles.append(faces + count)
            count += len(places)
        if count > _MOST:
            raise UnusableFile(f"has more than {_MOST:,} vertices")
    up = np.concatenate(vertices)[:, [0, 2, 1]] * [1.0, -1.0, 1.0]  # y is up there
    return up, np.concatenate(triangles)


def _part(part: Any) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(part, dict):
        raise UnusableFile('has a part in "mesh" that is no object')
    places, faces = (_numbers(part.get(name), name) for name in ("xyz", "faces"))
    if len(faces) and not (faces.min() >= 0 and faces.max() < len(places)):
        raise UnusableFile("has faces of vertices that it does not have")
    return places, faces.astype(np.int64)


def _numbers(values: Any, name: str) -> np.ndarray:
    """A flat list as rows of three."""
    plain = isinstance(values, list) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values
    )
    if not plain or len(values) % 3:
        raise UnusableFile(f'has an "{name}" that is no list of numbers by threes')
    table = np.array(values, np.float64).reshape(-1, 3)
    if not np.isfinite(table).all() or (name == "faces" and (table != np.floor(table)).any()):
        raise UnusableFile(f'has an "{name}" with numbers that are none of a mesh')
    return table


def _placed(house: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[np.ndarray, np.ndarray]]]]:
    """Where each part stands, by its number: turns with scales [3, 3], and places [3]."""
    scene = house.get("scene")
    rooms = scene.get("room") if isinstance(scene, dict) else None
    places: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for room in rooms if isinstance(rooms, list) else ():
        children = room.get("children") if isinstance(room, dict) else None
        for child in children if isinstance(children, list) else ():
            if isinstance(child, dict):
                places.setdefault(str(child.get("ref")), []).append(_stand(child))
    yield from places.items()


def _stand(child: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    usual = {"pos": [0.0] * 3, "rot": [0.0, 0.0, 0.0, 1.0], "scale": [1.0] * 3}
    try:
        move, turn, scale = (np.array(child.get(name, value), np.float64) for name, value in usual.items())
    except (TypeError, ValueError) as error:
        raise UnusableFile("has a child whose pos, rot or scale are no numbers") from error
    length = np.linalg.norm(turn)
    if (move.shape, turn.shape, scale.shape) != ((3,), (4,), (3,)) or not np.isfinite(move).all() or not length > 0:
        raise UnusableFile("has a child whose pos, rot or scale are no numbers")
    x, y, z, w = turn / length
    rotation = np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
    return rotation * scale, move
