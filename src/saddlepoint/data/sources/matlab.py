"""Small sets that are given as arrays: faces of Olivetti, Frey and Toronto, and SVHN (Netzer et al. 2011)."""

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


def frey_pictures(path: Path, source: str) -> ArrayPictures:
    """Frey's face, 1,965 frames of 20x28 grey: frey_rawface.mat in the folder `path`. Roweis and Saul 2000."""
    _, file = _first(path, {"mat": "frey_rawface.mat"}, "Frey's face")
    faces = _loadmat(file).get("ff")
    if faces is None or faces.ndim != 2 or faces.shape[0] != 560 or faces.dtype != np.uint8 or not faces.shape[1]:
        raise DataError(f"{file} does not hold Frey's ff (560, 1965) of bytes.")
    pixels = np.ascontiguousarray(faces.T.reshape(-1, 1, 28, 20))
    return ArrayPictures(source=source, notes=("20 wide and 28 high: give --resolution, such as 32",), pixels=pixels)


def tfd_pictures(path: Path, source: str) -> ArrayPictures:
    """The Toronto faces, 48x48 or 96x96 grey, without those for validation and testing. Susskind et al. 2010.

    TFD_48x48.mat or TFD_96x96.mat in the folder `path`: `images` [N, S, S] of bytes, and `folds` [N, 5], of which the
    first says 0 for unlabelled, 1 for training, 2 for validation and 3 for testing. Most faces have no expression
    named, so there are no classes.
    """
    side, file = _first(path, {"48": "TFD_48x48.mat", "96": "TFD_96x96.mat"}, "the Toronto faces")
    variables = _loadmat(file)
    images, folds = variables.get("images"), variables.get("folds")
    if images is None or images.dtype != np.uint8 or images.shape[1:] != (int(side), int(side)) or not len(images):
        raise DataError(f"{file} does not hold TFD's images (count, {side}, {side}) of bytes.")
    notes = ["most faces have no expression named: there are no classes"]
    if folds is None:
        notes.append(f"{file.name} has no folds: all faces are taken")
    elif folds.ndim != 2 or len(folds) != len(images) or not np.isin(folds[:, 0], (0, 1)).any():
        raise DataError(f"{file} does not hold TFD's folds ({len(images)}, 5) of 0 to 3.")
    else:
        kept = np.isin(folds[:, 0], (0, 1))
        notes.append(f"{int((~kept).sum()):,} faces for validation and testing, by the first fold, left out")
        images = images[kept]
    return ArrayPictures(source=source, notes=tuple(notes), pixels=np.ascontiguousarray(images[:, None]))


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
