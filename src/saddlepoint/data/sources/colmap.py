"""COLMAP's reconstructions, text and binary: cameras, images (world to camera) and points. Schönberger et al. 2016.

Layouts: colmap.github.io/format.html. Counts are checked against the bytes that are there before anything is built.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saddlepoint.errors import DataError

MODELS = {
    0: ("SIMPLE_PINHOLE", 3),
    1: ("PINHOLE", 4),
    2: ("SIMPLE_RADIAL", 4),
    3: ("RADIAL", 5),
    4: ("OPENCV", 8),
    5: ("OPENCV_FISHEYE", 8),
    6: ("FULL_OPENCV", 12),
    7: ("FOV", 5),
    8: ("SIMPLE_RADIAL_FISHEYE", 4),
    9: ("RADIAL_FISHEYE", 5),
    10: ("THIN_PRISM_FISHEYE", 12),
}
"""name and number of parameters by number; fisheyes are read and refused"""
_ONE_FOCAL = ("SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL")
_TWO_FOCALS = ("PINHOLE", "OPENCV", "FULL_OPENCV")
_MOST = 2**31
"""bytes of a file"""


@dataclass(frozen=True)
class Lens:
    """A camera's intrinsics in pixels. distortion: the numbers that a pinhole has not."""

    model: str
    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, ...] = ()


@dataclass(frozen=True)
class View:
    """An image of a reconstruction. pose: [4, 4] float64, camera to world, OpenCV's axes."""

    name: str
    camera: int
    pose: np.ndarray


def read_colmap(folder: Path) -> tuple[dict[int, Lens], list[View]]:
    """Cameras by number, and images, of the folder that holds cameras and images as .bin or .txt.

    Raises DataError, naming file and place, for what is missing, cut short or does not agree.
    """
    binary = (folder / "cameras.bin").is_file()
    ending = ".bin" if binary else ".txt"
    for name in ("cameras", "images"):
        if not (folder / f"{name}{ending}").is_file():
            raise DataError(f"{folder} has no {name}{ending} beside its companions: export the model again.")
    lenses = (_cameras_bin if binary else _cameras_txt)(folder / f"cameras{ending}")
    views = (_images_bin if binary else _images_txt)(folder / f"images{ending}")
    return lenses, views


def read_points(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Places float32 [M, 3] and colours uint8 [M, 3] of points3D.bin or .txt; none where there is no such file."""
    if (folder / "points3D.bin").is_file():
        return _points_bin(folder / "points3D.bin")
    if (folder / "points3D.txt").is_file():
        return _points_txt(folder / "points3D.txt")
    return np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8)


def pose_of(quaternion: np.ndarray, translation: np.ndarray) -> np.ndarray | None:
    """Camera to world [4, 4] of a world-to-camera rotation (w, x, y, z) and translation; None where it is none."""
    length = float(np.linalg.norm(quaternion))
    if not (np.isfinite(length) and 1e-6 < length < 1e6 and np.isfinite(translation).all()):
        return None
    w, x, y, z = quaternion / length
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation.T, -rotation.T @ translation
    return pose


def _lens(model: str, width: int, height: int, numbers: tuple[float, ...], where: str) -> Lens:
    counts = dict(MODELS.values())
    if model not in _ONE_FOCAL + _TWO_FOCALS:
        raise DataError(
            f"{where} has the camera model {model[:40]}, which is not read: run COLMAP's image_undistorter first."
        )
    if len(numbers) != counts[model]:
        raise DataError(f"{where} has {len(numbers)} parameters for {model}, which has {counts[model]}.")
    focal = 1 if model in _ONE_FOCAL else 2
    fx, fy, (cx, cy) = numbers[0], numbers[focal - 1], numbers[focal : focal + 2]
    sound = np.isfinite(numbers).all() and fx > 0 and fy > 0
    if not (sound and 0 < width <= 10**6 and 0 < height <= 10**6):
        raise DataError(f"{where} has no usable size or focal length: export the model again.")
    return Lens(model, width, height, fx, fy, cx, cy, numbers[focal + 2 :])


# -- text ----------------------------------------------------------------------------------------------------------


def _lines(path: Path) -> list[tuple[int, str]]:
    """Line number and text of all lines but comments."""
    try:
        if path.stat().st_size > _MOST:
            raise DataError(f"{path} has more than {_MOST // 2**30} GB.")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    return [(n, line.strip()) for n, line in enumerate(text.split("\n"), start=1) if not line.startswith("#")]


def _cameras_txt(path: Path) -> dict[int, Lens]:
    lenses = {}
    for number, line in _lines(path):
        if line:
            where = f"line {number} of {path}"
            try:
                own, model, width, height, *numbers = line.split()
                lenses[int(own)] = _lens(model, int(width), int(height), tuple(map(float, numbers)), where)
            except DataError:
                raise
            except ValueError as error:
                raise DataError(f"{where} is not CAMERA_ID MODEL WIDTH HEIGHT PARAMS: {error}.") from error
    return lenses


def _images_txt(path: Path) -> list[View]:
    views = []
    lines = _lines(path)
    while lines and not lines[-1][1]:
        lines.pop()
    for number, line in lines[::2]:  # each second line lists the points, and may be empty
        where = f"line {number} of {path}"
        try:
            _, *numbers, camera, name = line.split(maxsplit=9)
            values = np.array([float(each) for each in numbers])
            views.append(View(name, int(camera), _sound(values, where)))
        except DataError:
            raise
        except ValueError as error:
            raise DataError(f"{where} is not IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME: {error}.") from error
    return views


def _sound(values: np.ndarray, where: str) -> np.ndarray:
    if values.shape != (7,):
        raise DataError(f"{where} has {len(values)} numbers for a pose, which has 7.")
    pose = pose_of(values[:4], values[4:])
    return np.full((4, 4), np.nan) if pose is None else pose  # the image is left out and named


def _points_txt(path: Path) -> tuple[np.ndarray, np.ndarray]:
    places, colours = [], []
    for number, line in _lines(path):
        if line:
            try:
                _, x, y, z, r, g, b, *_ = line.split()
                places.append([float(x), float(y), float(z)])
                colours.append([int(r), int(g), int(b)])
            except ValueError as error:
                raise DataError(f"line {number} of {path} is not POINT3D_ID X Y Z R G B: {error}.") from error
    rows = np.array(places, np.float32).reshape(-1, 3)
    shades = np.array(colours, np.int64).reshape(-1, 3)
    if not np.isfinite(rows).all() or (len(shades) and not 0 <= shades.min() <= shades.max() <= 255):
        raise DataError(f"{path} holds places that are not finite, or colours that are not 0 to 255.")
    return rows, shades.astype(np.uint8)


# -- binary --------------------------------------------------------------------------------------------------------


class _Bytes:
    """A file in memory, read from its beginning; every step is checked against what is left."""

    def __init__(self, path: Path) -> None:
        self.path, self.place = path, 0
        try:
            if path.stat().st_size > _MOST:
                raise DataError(f"{path} has more than {_MOST // 2**30} GB.")
            self.content = path.read_bytes()
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error}.") from error

    def take(self, form: str) -> tuple[float | int, ...]:
        """Little-endian numbers of a `struct` form."""
        size = struct.calcsize(f"<{form}")
        if self.place + size > len(self.content):
            raise DataError(
                f"{self.path} ends in the middle of an entry, at byte {len(self.content):,}: copy it again."
            )
        values = struct.unpack_from(f"<{form}", self.content, self.place)
        self.place += size
        return values

    def count(self, least: int) -> int:
        """A count of entries of `least` bytes or more each."""
        number = int(self.take("Q")[0])
        if number * least > len(self.content) - self.place:
            raise DataError(f"{self.path} declares {number:,} entries, more than its bytes can hold: copy it again.")
        return number

    def skip(self, size: int) -> None:
        """Passes over so many bytes, which `count` has seen to be there."""
        self.place += size

    def name(self) -> str:
        """A text up to a zero byte."""
        end = self.content.find(b"\0", self.place, self.place + 4096)
        if end < 0:
            raise DataError(f"{self.path} has a name without an end, at byte {self.place:,}: copy it again.")
        text = self.content[self.place : end].decode("utf-8", "surrogateescape")
        self.place = end + 1
        return text


def _cameras_bin(path: Path) -> dict[int, Lens]:
    file, lenses = _Bytes(path), {}
    for _ in range(file.count(24)):
        number, model, width, height = map(int, file.take("iiQQ"))
        if model not in MODELS:
            raise DataError(f"camera {number} of {path} has the model {model}, which COLMAP does not have.")
        name, parameters = MODELS[model]
        lenses[number] = _lens(name, width, height, file.take(f"{parameters}d"), f"camera {number} of {path}")
    return lenses


def _images_bin(path: Path) -> list[View]:
    file, views = _Bytes(path), []
    for _ in range(file.count(4 + 56 + 4 + 1 + 8)):
        number, *pose, camera = file.take("i7di")
        name = file.name()
        file.skip(24 * file.count(24))
        views.append(View(name, int(camera), _sound(np.array(pose), f"image {number} of {path}")))
    return views


def _points_bin(path: Path) -> tuple[np.ndarray, np.ndarray]:
    file = _Bytes(path)
    count = file.count(8 + 24 + 3 + 8 + 8)
    places, colours = np.empty((count, 3), np.float32), np.empty((count, 3), np.uint8)
    for row in range(count):
        _, x, y, z, r, g, b, _ = file.take("Q3d3Bd")
        places[row], colours[row] = (x, y, z), (r, g, b)
        file.skip(8 * file.count(8))
    if not np.isfinite(places).all():
        raise DataError(f"{path} holds places that are not finite.")
    return places, colours
