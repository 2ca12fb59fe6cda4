"""Shapes from files: points of .npy, .npz, .xyz and .ply, or drawn on the surfaces of .off, .obj, .ply and .glb, or
signed distances to these surfaces.

Meshes are read by trimesh (the extra `shape`).
"""

from __future__ import annotations

import io
import re
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import numpy as np

from saddlepoint.data.signed import mesh_distances
from saddlepoint.data.sources.front import read_house
from saddlepoint.data.sources.numpy_files import UnusableFile, read_npy, read_npz
from saddlepoint.errors import MissingExtra
from saddlepoint.keyed import numpy_generator

MESHES = (".off", ".obj", ".ply", ".glb", ".stl")
ENDINGS = (*MESHES, ".npy", ".npz", ".xyz")
HOUSE = ".json"
"""of a house of 3D-FRONT; other files of this ending are no meshes"""
_NAMES = ("points", "cloud", "vertices", "xyz", "data", "arr_0")
_GRIDS = ("distances", "sdf", "tsdf", "data", "arr_0")
_MOST_FACES = 200_000
_MOST_FILE = 512 * 2**20
_MOST_POINTS = 20_000_000


def read_shape(name: str, stream: BinaryIO, size: int, points: int, *, faces: bool = False) -> np.ndarray:
    """One file as `points` places in space, float32 [points, 3], z up; a cloud keeps what else it says of its points.

    Drawn evenly on the surface of a mesh, and from a cloud without repetition where it has as many: a function of the
    name. Centred, and scaled so that the longest side of its box goes from -1 to 1. faces: refuse what has no surface.
    Raises UnusableFile with the reason for a file that cannot be used, MissingExtra where trimesh is needed.
    """
    ending = PurePosixPath(name).suffix.lower()
    if size > _MOST_FILE:
        raise UnusableFile(f"has {size // 2**20:,} MB, more than {_MOST_FILE // 2**20}")
    draw = numpy_generator("shape", name, points)
    if ending in (*MESHES, HOUSE):
        vertices, triangles = read_triangles(ending, stream.read(size))
        if faces and not len(triangles):
            raise UnusableFile("has no faces, so no surface")
        cloud = _on_surface(vertices, triangles, points, draw) if len(triangles) else _among(vertices, points, draw)
    else:
        cloud = _among(_points(ending, stream, size), points, draw)
    return _fitted(cloud)


def read_distances(name: str, stream: BinaryIO, size: int, side: int) -> np.ndarray:
    """One file as signed distances float16 [1, side, side, side], negative inside; see `kinds.distances`.

    A mesh is centred, and its longest side goes from -.9 to .9 of the cube; arrays of .npy and .npz must be such grids
    already. Raises UnusableFile and MissingExtra as `read_shape` does.
    """
    ending = PurePosixPath(name).suffix.lower()
    if size > _MOST_FILE:
        raise UnusableFile(f"has {size // 2**20:,} MB, more than {_MOST_FILE // 2**20}")
    if ending in (*MESHES, HOUSE):
        vertices, triangles = read_triangles(ending, stream.read(size))
        if not len(triangles):
            raise UnusableFile("has no faces, so no surface")
        if len(triangles) > _MOST_FACES:
            raise UnusableFile(f"has {len(triangles):,} faces; at most {_MOST_FACES:,} are measured: simplify it")
        grid = mesh_distances(_fitted(vertices).astype(np.float64)[triangles] * 0.9, side)
    else:
        grid = read_npz(stream, _GRIDS, (3, 4)) if ending == ".npz" else read_npy(stream, size)
        grid = grid[0] if grid.ndim == 4 and len(grid) == 1 else grid
        if grid.shape != (side, side, side) or grid.dtype.kind != "f":
            raise UnusableFile(
                f"is {list(grid.shape)} of {grid.dtype}; signed distances are numbers on {side}^3 places"
            )
        if not np.isfinite(grid).all():
            raise UnusableFile("holds values that are not finite")
    if not grid.min() < 0 < grid.max():
        raise UnusableFile("has no inside: a closed surface whose faces look one way has one, thicker than a voxel")
    distances: np.ndarray = np.clip(grid, -1, 1).astype(np.float16)[None]
    return distances


def _points(ending: str, stream: BinaryIO, size: int) -> np.ndarray:
    """[P, 3 + features] of a file without faces."""
    if ending in (".xyz", ".txt"):
        try:
            return np.loadtxt(
                io.StringIO(stream.read(size).decode("utf-8")), np.float32, ndmin=2, max_rows=_MOST_POINTS
            )
        except (ValueError, UnicodeDecodeError) as error:
            raise UnusableFile(f"is not a table of numbers: {str(error)[:120]}") from error
    return read_npz(stream, _NAMES, (2,)) if ending == ".npz" else read_npy(stream, size)


def read_triangles(ending: str, content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Vertices [V, 3] and triangles [F, 3] of a file, z up."""
    if ending == HOUSE:
        return read_house(content)
    try:
        import trimesh
    except ImportError as error:
        raise MissingExtra(
            f"{ending} files are read by trimesh: pip install 'saddlepoint[shape]', or save points as .npy."
        ) from error
    declared, faced = _declared(ending, content)
    if declared + faced > len(content):
        raise UnusableFile(f"declares {declared + faced:,} vertices and faces in {len(content):,} bytes")
    if ending == ".off":  # in some files of ModelNet the counts stand on the line of the word
        content = re.sub(rb"\AOFF[ \t]*(?=[0-9])", b"OFF\n", content)
    try:
        with np.errstate(all="ignore"):
            loaded: Any = trimesh.load(io.BytesIO(content), ending[1:], process=False, skip_materials=True)
            parts: list[Any] = list(loaded.dump()) if isinstance(loaded, trimesh.Scene) else [loaded]
            vertices = [np.asarray(part.vertices, np.float64).reshape(-1, 3) for part in parts]
            faces = [np.asarray(getattr(part, "faces", np.zeros((0, 3))), np.int64).reshape(-1, 3) for part in parts]
    except Exception as error:  # a malformed file makes trimesh raise nearly anything
        raise UnusableFile(f"could not be read: {(str(error) or type(error).__name__)[:120]}") from error
    starts = np.cumsum([0, *map(len, vertices)])
    triangles = np.concatenate([each + start for each, start in zip(faces, starts)] or [np.zeros((0, 3), np.int64)])
    places = np.concatenate(vertices or [np.zeros((0, 3))])
    if declared and len(places) != declared:
        raise UnusableFile(f"declares {declared:,} vertices, and holds {len(places):,}")
    if len(triangles) and not 0 <= triangles.min() <= triangles.max() < len(places):
        raise UnusableFile("has faces of vertices that it does not have")
    if ending == ".glb":  # y is up there
        places = places[:, [0, 2, 1]] * [1.0, -1.0, 1.0]
    return places, triangles


def _declared(ending: str, content: bytes) -> tuple[int, int]:
    """How many vertices and faces a file says that it has; 0 where its form does not say."""
    if ending == ".ply":
        head = content[: content.find(b"end_header") + 1 or 4096][:65536]
        elements = dict(re.findall(rb"^element (\w+) ([0-9]{1,18})\s*$", head, re.MULTILINE))
        vertex = re.search(rb"^element vertex .*?(?=^element |\Z)", head, re.MULTILINE | re.DOTALL)
        named = set(re.findall(rb"^property .*?(\w+)\s*$", vertex[0] if vertex else b"", re.MULTILINE))
        if not {b"x", b"y", b"z"} <= named:
            raise UnusableFile("has no vertices with properties x, y and z")
        return int(elements.get(b"vertex", 0)), int(elements.get(b"face", 0))
    if ending == ".off":
        match = re.match(rb"\s*(?:C?OFF)?\s*(?:#[^\n]*\n\s*)*([0-9]{1,18})\s+([0-9]{1,18})", content[:65536])
        return (int(match[1]), int(match[2])) if match else (0, 0)
    if ending == ".stl" and len(content) >= 84 and not content.startswith(b"solid"):
        return 0, int.from_bytes(content[80:84], "little")
    return 0, 0


def _on_surface(vertices: np.ndarray, triangles: np.ndarray, points: int, draw: np.random.Generator) -> np.ndarray:
    """Points drawn evenly on the surface."""
    corners = vertices[triangles]  # [F, 3, 3]
    with np.errstate(all="ignore"):
        areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    if not np.isfinite(areas).all():
        raise UnusableFile("holds places that are not finite")
    if not areas.sum() > 0:
        raise UnusableFile("has a surface of no area")
    triangle_corners = corners[draw.choice(len(areas), points, p=areas / areas.sum())]
    a, b = np.sqrt(draw.random(points))[:, None], draw.random(points)[:, None]
    on: np.ndarray = (
        (1 - a) * triangle_corners[:, 0] + a * (1 - b) * triangle_corners[:, 1] + a * b * triangle_corners[:, 2]
    )
    return on


def _among(cloud: np.ndarray, points: int, draw: np.random.Generator) -> np.ndarray:
    """So many of the points of a cloud; all of them and some again where it has fewer."""
    if cloud.ndim != 2 or cloud.shape[1] < 3 or not len(cloud) or len(cloud) > _MOST_POINTS:
        raise UnusableFile(f"has the shape {list(cloud.shape)}; a cloud is [points, 3] or wider")
    rounds = -(-points // len(cloud))
    rows = np.concatenate([draw.permutation(len(cloud)) for _ in range(rounds)])[:points]
    sample: np.ndarray = cloud[rows].astype(np.float64)
    return sample


def _fitted(cloud: np.ndarray) -> np.ndarray:
    if not np.isfinite(cloud).all() or np.abs(cloud).max() > 1e30:
        raise UnusableFile("holds places that are not finite")
    low, high = cloud[:, :3].min(0), cloud[:, :3].max(0)
    reach = float((high - low).max()) / 2
    if reach <= 0:
        raise UnusableFile("has all its points in one place")
    places = (cloud[:, :3] - (low + high) / 2) / reach
    fitted: np.ndarray = np.concatenate((places, cloud[:, 3:]), 1).astype(np.float32)
    return fitted
