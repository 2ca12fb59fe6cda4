"""Frames of ScanNet as its exporter writes them: images, poses and the lens. Dai et al. 2017, arXiv:1702.04405.

color/0.jpg                      images, numbered
pose/0.txt                       camera to world, four rows of four numbers, OpenCV's axes; infinite where it was lost
intrinsic/intrinsic_color.txt    the lens as a matrix; or fx_color, fy_color, mx_color and my_color in the scene's .txt
Depth images lie beside them in depth/; a scene is learnt from colours alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from saddlepoint.data.sources.names import is_image, under
from saddlepoint.data.sources.tree import Tree
from saddlepoint.errors import DataError

_FRAME = re.compile(r"((?:[^/]+/)*)(?:color|rgb)/([^/]+)\.[^./]+")
_MATRIX = ("intrinsic/intrinsic_color.txt", "intrinsics_color.txt", "intrinsic_color.txt")
_SCENE = re.compile(r"scene\d{4}_\d{2}\.txt")
_NUMBERS = ("fx_color", "fy_color", "mx_color", "my_color")
_MOST = 64 * 2**10  # bytes of a text of a few numbers


@dataclass(frozen=True)
class Frame:
    """An image with its pose [4, 4], or the reason why it has none."""

    name: str
    pose: np.ndarray | None
    lack: str = ""


def is_scannet(tree: Tree) -> bool:
    """Whether a place has numbered images in color/ with poses beside them."""
    names = frozenset(tree.names)
    return any(pose in names for _, pose in _pairs(tree))


def frames_of(tree: Tree) -> list[Frame]:
    """All images of color/, each with its pose: those without one are named by the reason."""
    existing = frozenset(tree.names)
    return [_frame(tree, name, pose, existing) for name, pose in _pairs(tree)]


def lens_of(tree: Tree) -> tuple[float, float, float, float]:
    """fx, fy, cx and cy in pixels of the colour images. Raises DataError where they are not said, or are none."""
    existing = sorted(tree.names, key=lambda name: (name.count("/"), name))
    file = next((name for name in existing if name.endswith(_MATRIX)), None)
    if file is not None:
        matrix = _table(tree, file)
        if matrix is None or matrix.shape not in ((4, 4), (3, 3), (3, 4)):
            raise DataError(f"{file} of {tree.source} is no matrix of 4 x 4 numbers: export the lens again.")
        numbers = [matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]]
    else:
        file = next((name for name in existing if _SCENE.fullmatch(PurePosixPath(name).name)), None)
        if file is None:
            raise DataError(
                f"{tree.source} has frames and no lens: it needs intrinsic/intrinsic_color.txt, or the scene's .txt."
            )
        said = dict(line.split("=", 1) for line in _text(tree, file).splitlines() if "=" in line)
        words = {word.strip(): value.strip() for word, value in said.items()}
        try:
            numbers = [float(words[word]) for word in _NUMBERS]
        except (KeyError, ValueError) as error:
            raise DataError(f"{file} of {tree.source} says no {', '.join(_NUMBERS)}: export the lens again.") from error
    fx, fy, cx, cy = (float(number) for number in numbers)
    if not np.isfinite([fx, fy, cx, cy]).all() or min(fx, fy) <= 0:
        raise DataError(
            f"{file} of {tree.source} has a focal length of {min(fx, fy):g} pixels: it must be more than 0."
        )
    return fx, fy, cx, cy


def _pairs(tree: Tree) -> Iterator[tuple[str, str]]:
    """Images in color/ with where their poses should be."""
    for name in tree.names:
        match = _FRAME.fullmatch(name)
        if match and is_image(name):
            yield name, under(match[1], f"pose/{match[2]}.txt")


def _frame(tree: Tree, name: str, pose: str, existing: frozenset[str]) -> Frame:
    if pose not in existing:
        return Frame(name, None, f"has no {pose}")
    matrix = _table(tree, pose)
    if matrix is None or matrix.shape != (4, 4):
        return Frame(name, None, f"has a pose in {pose} that is not 4 x 4 numbers")
    if not np.isfinite(matrix).all():
        return Frame(name, None, "has no pose: the camera was lost there")
    return Frame(name, matrix)


def _table(tree: Tree, name: str) -> np.ndarray | None:
    """Rows of numbers; None for what is none."""
    rows = [line.split() for line in _text(tree, name).splitlines() if line.strip()]
    try:
        return np.array([[float(word) for word in row] for row in rows], np.float64)
    except ValueError:  # words, or rows of several lengths
        return None


def _text(tree: Tree, name: str) -> str:
    return "" if tree.size(name) > _MOST else tree.read(name).decode("utf-8", "replace")
