"""Two small sets that are given as arrays: the Olivetti faces (AT&T Cambridge) and SVHN (Netzer et al. 2011)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from saddlepoint.data.sources.pictures import ArrayPictures
from saddlepoint.errors import DataError


def svhn_pictures(path: Path, source: str) -> ArrayPictures:
    """SVHN's cropped digits, 32x32 in colour: train_32x32.mat in the folder `path`, else the extra or test file."""
    part, file = _first(path, {part: f"{part}_32x32.mat" for part in ("train", "extra", "test")}, "SVHN")
    variables = _loadmat(file)
    pixels, labels = variables.get("X"), variables.get("y")
    if pixels is None or labels is None or pixels.dtype != np.uint8 or pixels.shape[:3] != (32, 32, 3):
        raise DataError(f"{file} does not hold SVHN's X (32, 32, 3, count) and y.")
    return ArrayPictures(
        source=source,
        labels=labels.ravel().astype(np.int64) % 10,  # the file writes 10 for the digit 0
        classes=tuple("0123456789"),
        notes=() if part == "train" else (f"only the {part} part is there: training on it",),
        pixels=np.ascontiguousarray(pixels.transpose(3, 2, 0, 1)),
    )


def olivetti_pictures(path: Path, source: str) -> ArrayPictures:
    """The 400 Olivetti faces, 64x64 grey, 40 persons: olivettifaces.mat or olivetti_faces.npy in the folder `path`.

    scikit-learn keeps them as a pickle, which is not read here: save its `images` with numpy.save first.
    """
    form, file = _first(path, {"mat": "olivettifaces.mat", "npy": "olivetti_faces.npy"}, "Olivetti")
    if form == "mat":
        faces = _loadmat(file).get("faces")
        images = None if faces is None else faces.T.reshape(-1, 64, 64).transpose(0, 2, 1)  # columns of pixels
    else:
        images = _loadnpy(file)
    if images is None or images.shape != (400, 64, 64):
        raise DataError(f"{file} does not hold 400 faces of 64x64 pixels.")
    values = images.astype(np.float64)
    if values.max() <= 1:  # as scikit-learn gives them
        values = values * 255
    return ArrayPictures(
        source=source,
        labels=np.repeat(np.arange(40), 10),
        classes=tuple(f"person {number}" for number in range(40)),
        pixels=np.clip(np.rint(values), 0, 255).astype(np.uint8)[:, None],
    )


def _first(path: Path, names: dict[str, str], of: str) -> tuple[str, Path]:
    for kind, name in names.items():
        file = path if path.name == name else path / name
        if file.is_file():
            return kind, file
    raise DataError(f"{path} holds no file of {of}: put {' or '.join(names.values())} there.")


def _loadmat(file: Path) -> dict[str, Any]:
    from scipy.io import loadmat

    try:
        variables: dict[str, Any] = loadmat(file)
    except Exception as error:  # a damaged file makes the reader raise nearly anything
        raise DataError(f"{file} cannot be read ({error}): fetch it again.") from error
    return variables


def _loadnpy(file: Path) -> np.ndarray:
    try:
        return np.asarray(np.load(file, allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{file} cannot be read ({error}): save it again with numpy.save.") from error
