"""Meshes from files as they are: .off, .obj, .ply, .glb and .stl, one mesh a file, as the tables of `kinds.mesh`."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import BinaryIO

import numpy as np

from saddlepoint.data.sources.numpy_files import UnusableFile
from saddlepoint.data.sources.shapes import read_triangles
from saddlepoint.kinds.mesh import Mesh
from saddlepoint.text import counted

_SAME = 1e-6
"""of the longest side: vertices that are nearer are one"""


def room(faces: int) -> Mesh:
    """The kind of meshes of at most so many faces: vertices enough for a sheet, which has the most for its faces."""
    return Mesh(faces + 2, faces)


def read_table(name: str, stream: BinaryIO, size: int, kind: Mesh) -> np.ndarray:
    """One file as a table of `kind`: centred, its longest side from -1 to 1, z up, vertices at one place made one.

    A mesh may be open. Raises UnusableFile with the reason for one without faces, with more than there is room for,
    with an edge of three faces, or with neighbours that face to opposite sides; MissingExtra where trimesh is needed.
    """
    vertices, triangles = read_triangles(PurePosixPath(name).suffix.lower(), stream.read(size))
    if not len(triangles):
        raise UnusableFile("has no faces, so no surface")
    if not np.isfinite(vertices[triangles]).all() or np.abs(vertices[triangles]).max() > 1e30:
        raise UnusableFile("holds places that are not finite")
    low, high = vertices[triangles].min((0, 1)), vertices[triangles].max((0, 1))
    reach = float((high - low).max()) / 2
    if reach <= 0:
        raise UnusableFile("has all its points in one place")
    fitted = (vertices - (low + high) / 2) / reach
    places, faces = _welded(fitted, triangles)
    if len(faces) > kind.faces:
        raise UnusableFile(
            f"has {len(faces):,} faces, more than {kind.faces:,}: simplify it, or train with a larger --mesh-faces"
        )
    check_manifold(faces)
    if len(places) > kind.vertices:
        raise UnusableFile(f"has {len(places):,} vertices for {len(faces):,} faces: it is in more than one piece")
    return kind.packed(places, faces)


def _welded(places: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertices at one place as one, those of no face left out, and faces without area left out."""
    used = np.unique(faces)
    _, first, which = np.unique(np.round(places[used] / _SAME), axis=0, return_index=True, return_inverse=True)
    number = np.zeros(len(places), np.int64)
    number[used] = which.ravel()
    joined = number[faces]
    whole = (joined[:, 0] != joined[:, 1]) & (joined[:, 1] != joined[:, 2]) & (joined[:, 2] != joined[:, 0])
    kept, renumbered = np.unique(joined[whole], return_inverse=True)
    return places[used][first][kept], renumbered.reshape(-1, 3)


def check_manifold(faces: np.ndarray) -> None:
    """Raises UnusableFile where an edge has three faces or more, or two that run the same way along it."""
    start, end = faces.ravel(), faces[:, [1, 2, 0]].ravel()
    edges, times = np.unique(np.sort(np.stack((start, end), 1), 1), axis=0, return_counts=True)
    crowded = int((times > 2).sum())
    if crowded:
        raise UnusableFile(
            f"is no manifold: {counted(crowded, 'edge')} of {len(edges):,} {'has' if crowded == 1 else 'have'} three"
            " faces or more"
        )
    directed = np.unique(np.stack((start, end), 1), axis=0)
    if len(directed) < len(start):
        raise UnusableFile("has neighbouring faces that run opposite ways: turn all of them to one side")
