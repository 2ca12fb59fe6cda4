"""Scenes: photographs with the camera of each, by transforms.json (as Blender or nerfstudio), COLMAP or ScanNet.

Cameras become those of `kinds.camera`: camera to world, OpenCV's axes, pixel centres at +.5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from saddlepoint.data.sources.colmap import Lens, read_colmap, read_points
from saddlepoint.data.sources.decode import UnusableImage, header
from saddlepoint.data.sources.folder import folder_tree
from saddlepoint.data.sources.names import is_image, under
from saddlepoint.data.sources.nvidia import read_json
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.data.sources.scannet import frames_of, is_scannet, lens_of
from saddlepoint.data.sources.tree import Tree
from saddlepoint.errors import DataError
from saddlepoint.text import counted, printable

_JSON = ("transforms.json", "transforms_train.json")
_SPARSE = ("sparse/0", "sparse", "colmap/sparse/0", "colmap_text", "")
_OPENGL = np.array([1.0, -1.0, -1.0, 1.0])
"""signs of the columns of a pose between OpenGL's axes and OpenCV's"""
_PINHOLES = ("PINHOLE", "SIMPLE_PINHOLE", "OPENCV", "SIMPLE_RADIAL", "RADIAL", "PERSPECTIVE")
_DISTORTION = ("k1", "k2", "k3", "k4", "p1", "p2")


@dataclass
class _Views:
    """What a description gives, as it is gathered: images by their path, the camera and the time of each, and what is
    left out."""

    names: list[str] = field(default_factory=list)
    cameras: list[np.ndarray] = field(default_factory=list)
    times: list[float | None] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    distorted: int = 0


def scene_pictures(root: Path, source: str, description: str | None = None) -> FilePictures:
    """The views of the scene in a folder, in order of their names, with the camera of each.

    description: the JSON file in the folder to read; None for transforms.json, transforms_train.json or COLMAP's files.

    A frame without its image, or with a pose that is none, is left out and named. Raises DataError where there is no
    description, where it cannot be read, or where it leaves no view.
    """
    tree = folder_tree(root, source)
    existing = frozenset(tree.names)
    file = description or next((name for name in _JSON if name in existing), None)
    sparse = next((f for f in _SPARSE if {under(f, "cameras.bin"), under(f, "cameras.txt")} & existing), None)
    if file is not None:
        views, read = _of_json(tree, file), [file]
    elif sparse is not None:
        views = _of_colmap(tree, root / sparse)
        read = [name for name in tree.names if name.rpartition("/")[0] == sparse and name.endswith((".bin", ".txt"))]
    elif is_scannet(tree):
        views, read = _of_scannet(tree), [name for name in tree.names if name.endswith(".txt")]
    else:
        raise DataError(
            f"{source} describes no scene: it needs transforms.json (Blender, nerfstudio, instant-ngp), COLMAP's"
            " cameras and images in sparse/0, or color/ and pose/ as ScanNet has them."
        )
    if not views.names:
        first = f"; {views.skipped[0][0]}: {views.skipped[0][1]}" if views.skipped else ""
        raise DataError(f"{source} has no view that can be used{first}.")
    if views.distorted:
        views.notes.append(
            f"{counted(views.distorted, 'view')} of a lens that distorts, which is left as it is: undistort them first"
        )
    order = sorted(range(len(views.names)), key=lambda index: views.names[index])
    names = [views.names[index] for index in order]
    times = _times(views, order)
    return FilePictures(
        source=source,
        listing=tree.stamp([*names, *sorted(read)]),
        names=names,
        stream=lambda index: tree.opened(names[index]),
        times=times,
        cameras=np.stack([views.cameras[index] for index in order]).astype(np.float32),
        notes=(*tree.notes, *views.notes),
        skipped=tuple(views.skipped),
    )


def scene_points(root: Path) -> tuple[np.ndarray, np.ndarray]:
    """Places float32 [M, 3] and colours uint8 [M, 3] of COLMAP's points in a scene's folder; none where it has none."""
    for place in _SPARSE:
        points = read_points(root / place)
        if len(points[0]):
            return points
    return read_points(root)


def _times(views: _Views, order: list[int]) -> np.ndarray | None:
    """The moments of the views in this order, from 0 to 1; None, with a note, where some frame has none."""
    known = [time for time in views.times if time is not None]
    if not known:
        return None
    if len(known) < len(views.times):
        views.notes.append(f"the times of {counted(len(known), 'frame')} left out: the others have none")
        return None
    times = np.array([views.times[index] for index in order], np.float64)
    first, last = float(times.min()), float(times.max())
    if first < 0 or last > 1:
        views.notes.append(f"times from {first:g} to {last:g} brought to 0 to 1")
        times = (times - first) / max(last - first, 1e-12)
    return times.astype(np.float32)


def _add(
    views: _Views, tree: Tree, name: str, label: str, pose: np.ndarray, lens: Lens, time: float | None = None
) -> None:
    """One view, with the lens brought to the size that its image really has."""
    if not np.isfinite(pose).all() or abs(np.linalg.det(pose[:3, :3]) - 1) > 0.02:
        views.skipped.append((label, "has a pose that is no rotation and place"))
        return
    try:
        with tree.opened(name) as stream:
            size = header(stream)
    except (OSError, UnusableImage) as error:
        views.skipped.append((label, str(error)))
        return
    across, down = size.width / lens.width, size.height / lens.height
    if abs(across / down - 1) > 0.02:
        views.skipped.append((label, f"is {size.width}x{size.height}, and its camera {lens.width}x{lens.height}"))
        return
    views.distorted += any(abs(number) > 1e-9 for number in lens.distortion)
    numbers = (lens.fx * across, lens.fy * down, lens.cx * across, lens.cy * down, size.width, size.height)
    views.names.append(name)
    views.times.append(time)
    views.cameras.append(np.concatenate((pose.reshape(16), numbers)))


# -- transforms.json ------------------------------------------------------------------------------------------------


def _of_json(tree: Tree, file: str) -> _Views:
    content = read_json(tree.read(file), file)
    if not isinstance(content, dict) or not isinstance(content.get("frames"), list) or not content["frames"]:
        raise DataError(f'{file} has no "frames": it needs a list of objects with file_path and transform_matrix.')
    views = _Views(notes=[f"{counted(len(content['frames']), 'frame')} described by {file}"])
    others = [name for name in ("transforms_val.json", "transforms_test.json") if name in tree.names]
    if file == "transforms_train.json" and others:
        views.notes.append(f"{' and '.join(others)} left out: kept for testing")
    training_names = content.get("train_filenames")
    training_paths = (
        {under("", str(name)) for name in training_names}
        if isinstance(training_names, list) and training_names
        else None
    )
    existing, earlier, elsewhere = frozenset(tree.names), set[str](), 0
    for number, frame in enumerate(content["frames"], start=1):
        where = f"frame {number} of {file}"
        if not isinstance(frame, dict) or not isinstance(frame.get("file_path"), str):
            raise DataError(f"{where} has no file_path: correct it.")
        name = _image(under("", frame["file_path"]), existing)
        label = printable(frame["file_path"])
        if name is None:
            views.skipped.append((label, "is not there"))
        elif training_paths is not None and name not in training_paths:
            elsewhere += 1
        elif name in earlier:
            views.skipped.append((label, "is described twice: the first counts"))
        else:
            earlier.add(name)
            pose = _matrix(frame.get("transform_matrix"), where)
            _add(views, tree, name, label, pose, _lens(tree, name, content, frame, where), _time(frame, where))
    if elsewhere:
        views.notes.append(f"{counted(elsewhere, 'frame')} that train_filenames does not list left out")
    return views


def _image(path: str, existing: frozenset[str]) -> str | None:
    """The file that a path means, whose ending Blender's files leave out."""
    candidates = (path, *(path + ending for ending in (".png", ".jpg", ".jpeg", ".webp", ".JPG", ".PNG")))
    return next((name for name in candidates if name in existing and is_image(name)), None)


def _time(frame: Mapping[str, Any], where: str) -> float | None:
    """When a frame was taken, as D-NeRF writes it; None where it does not say."""
    time = frame.get("time")
    if time is None:
        return None
    if isinstance(time, bool) or not isinstance(time, int | float) or not math.isfinite(time):
        raise DataError(f"{where} has a time of {str(time)[:40]!r}, not a number: correct it.")
    return float(time)


def _matrix(rows: Any, where: str) -> np.ndarray:
    """A pose in OpenCV's axes, from one in OpenGL's."""
    try:
        pose = np.array(rows, np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where} has no transform_matrix of numbers: correct it.") from error
    if pose.shape not in ((4, 4), (3, 4)):
        raise DataError(f"{where} has a transform_matrix of shape {list(pose.shape)}, not 4 x 4: correct it.")
    turned: np.ndarray = np.concatenate((pose[:3], [[0.0, 0.0, 0.0, 1.0]])) * _OPENGL
    return turned


def _lens(tree: Tree, name: str, content: Mapping[str, Any], frame: Mapping[str, Any], where: str) -> Lens:
    """Intrinsics of a frame: its own, else those of all, else from the angle of view. Raises DataError."""
    model = str(frame.get("camera_model", content.get("camera_model", "PINHOLE")))
    if model not in _PINHOLES:
        raise DataError(f"{where} has the camera model {model[:40]}, which is not read: undistort the images first.")

    def number(*words: str) -> float | None:
        value = next((table[word] for table in (frame, content) for word in words if word in table), None)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise DataError(f"{where}: {words[0]} is {str(value)[:40]!r}, not a number: correct it.")
        return float(value)

    width, height = number("w"), number("h")
    for word, value in (("w", width), ("h", height)):
        if value is not None and value < 1:
            raise DataError(f"{where} has a {word} of {value:g} pixels: correct it.")
    if width is None or height is None:
        try:
            with tree.opened(name) as stream:
                size = header(stream)
            width, height = float(size.width), float(size.height)
        except (OSError, UnusableImage):  # the image is left out and named when it is opened
            width = height = 1.0
    fx, fy = number("fl_x"), number("fl_y")
    if fx is None:
        angle = number("camera_angle_x")
        if angle is None or not 0 < angle < math.pi:
            raise DataError(f"{where} has neither fl_x nor a camera_angle_x in radians between 0 and pi: add one.")
        fx = width / 2 / math.tan(angle / 2)
    if fy is None:
        angle = number("camera_angle_y")
        fy = fx if angle is None or not 0 < angle < math.pi else height / 2 / math.tan(angle / 2)
    if fx <= 0 or fy <= 0:
        raise DataError(f"{where} has a focal length of {min(fx, fy):g} pixels: it must be more than 0.")
    cx, cy = number("cx"), number("cy")
    bent = tuple(number(word) or 0.0 for word in _DISTORTION)
    middle = (width / 2 if cx is None else cx, height / 2 if cy is None else cy)
    return Lens(model, int(width), int(height), fx, fy, *middle, bent)


# -- ScanNet --------------------------------------------------------------------------------------------------------


def _of_scannet(tree: Tree) -> _Views:
    frames, (fx, fy, cx, cy) = frames_of(tree), lens_of(tree)
    views = _Views(notes=[f"{counted(len(frames), 'frame')} laid out as ScanNet"])
    for frame in frames:
        label = printable(frame.name)
        if frame.pose is None:
            views.skipped.append((label, frame.lack))
            continue
        try:
            with tree.opened(frame.name) as stream:
                size = header(stream)
        except (OSError, UnusableImage) as error:
            views.skipped.append((label, str(error)))
            continue
        _add(views, tree, frame.name, label, frame.pose, Lens("PINHOLE", size.width, size.height, fx, fy, cx, cy))
    return views


# -- COLMAP ---------------------------------------------------------------------------------------------------------


def _of_colmap(tree: Tree, folder: Path) -> _Views:
    lenses, registered = read_colmap(folder)
    views = _Views(notes=[f"{counted(len(registered), 'view')} and {counted(len(lenses), 'camera')} by COLMAP"])
    existing, places = frozenset(tree.names), ("images", "input", "")
    earlier: set[str] = set()
    for view in registered:
        label = printable(view.name)
        name = next((path for p in places if (path := under(p, view.name)) in existing and is_image(path)), None)
        if name is None:
            views.skipped.append((label, "is not there"))
        elif view.camera not in lenses:
            views.skipped.append((label, f"has the camera {view.camera}, which is not described"))
        elif name in earlier:
            views.skipped.append((label, "is described twice: the first counts"))
        else:
            earlier.add(name)
            _add(views, tree, name, label, view.pose, lenses[view.camera])
    return views
