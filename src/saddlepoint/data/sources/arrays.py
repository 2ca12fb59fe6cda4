"""Data that Python hands over: arrays, tensors, and sets that are read by index.

They are kept once in the cache under the name `array:DIGITS`, so that a run can be resumed and measured later, also by
another process.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sized
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image as Pillow

from saddlepoint import kinds
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.sources.disk import cache_folder
from saddlepoint.data.sources.fingerprint import Fingerprint
from saddlepoint.data.sources.pictures import ArrayPictures
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.storage import documents, whole
from saddlepoint.storage.plain import Unfit, reason
from saddlepoint.text import counted

PREFIX = "array:"
_IMAGES = ("image", "source", "target")
"""fields that hold images, where they are no points"""
_FORMS = (
    "images as an array or tensor [N, C, H, W], [N, H, W, C] or [N, H, W], of bytes or of numbers in [0, 1] or [-1, 1];"
    " points [N, D]; (images, labels); a mapping from field to array; or a set whose items are images or (image, label)"
)


def word_of(data: object, cache: Path | None = None) -> str:
    """The word or path that opens `data`; what is no text is kept in the cache. Raises ConfigError, DataError."""
    return os.fspath(data) if isinstance(data, str | Path) else keep(dataset_of(data), cache)


def dataset_of(data: object) -> Dataset:
    """The data set that Python hands over as `data`.

    data: what `_FORMS` says. Raises DataError for values or shapes that are none of these, ConfigError for other
    things.
    """
    if isinstance(data, Dataset):
        return data
    if isinstance(data, Mapping):
        fields = {str(name): _field(str(name), value) for name, value in data.items()}
        return _named(fields, data.get("label"))
    if isinstance(data, tuple) and len(data) == 2 and _is_array(data[0]):
        return _named({"image": _examples(_array(data[0]))}, data[1])
    if _is_array(data):
        return _named({"image": _examples(_array(data))}, None)
    if isinstance(data, Sized) and hasattr(data, "__getitem__") and not isinstance(data, str | bytes):
        return _of_items(data)
    raise ConfigError(f"data cannot be of type {type(data).__name__}: give a path, a word such as digits, or {_FORMS}.")


def keep(dataset: Dataset, cache: Path | None) -> str:
    """Writes a data set into the cache, unless it is there, and returns the word that opens it again."""
    word = PREFIX + dataset.fingerprint[:16]
    folder = _folder(word, cache)
    if folder.exists():
        return word
    facts = {
        "fingerprint": dataset.fingerprint,
        "classes": dataset.classes,
        "attributes": dataset.attributes,
        "notes": dataset.notes,
        "kinds": {name: kinds.to_json(kind) for name, kind in dataset.kinds.items()},
    }
    with whole.folder(folder) as part:
        for name, array in dataset.fields.items():
            np.save(part / f"{name}.npy", array, allow_pickle=False)
        (part / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    return word


def stored(word: str, cache: Path | None) -> Dataset:
    """The data set that `keep` wrote, mapped from the disk. Raises DataError where it is gone or damaged."""
    folder = _folder(word, cache)
    if not folder.is_dir():
        raise DataError(
            f"{word} was handed over from Python and is no longer in {folder.parent}: hand it over again, as in"
            " saddlepoint.resume(RUN, data=ARRAY)."
        )
    try:
        facts = documents.table(folder / "facts.json")
        return Dataset(
            {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in facts["kinds"]},
            facts["fingerprint"],
            word,
            tuple(facts["classes"]),
            tuple(facts["notes"]),
            attributes=tuple(facts["attributes"]),
            kinds={name: kinds.from_json(measures) for name, measures in facts["kinds"].items()},
        )
    except (Unfit, OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder} is damaged ({error}): delete it and hand the data over again.") from error


def pictures_of(dataset: Dataset) -> ArrayPictures | None:
    """The images of a data set as a source that can be brought to other sizes; None where it has other fields."""
    pixels = dataset.fields.get("image")
    if pixels is None or pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[1] not in (1, 3):
        return None
    if not set(dataset.fields) <= {"image", "label", "attributes"}:
        return None
    return ArrayPictures(
        source=dataset.source,
        labels=dataset.labels,
        classes=dataset.classes,
        attributes=dataset.fields.get("attributes"),
        attribute_names=dataset.attributes,
        notes=dataset.notes,
        pixels=pixels,
    )


def _folder(word: str, cache: Path | None) -> Path:
    digits = word.removeprefix(PREFIX)
    if not digits.isalnum():
        raise ConfigError(f"{word} is no name of data that Python handed over.")
    return cache_folder(cache) / "arrays" / digits


def _is_array(value: object) -> bool:
    return isinstance(value, np.ndarray | torch.Tensor)


def _array(value: Any) -> np.ndarray:
    """Raises DataError for a tensor without numbers, lists of several lengths, and what else numpy does not take."""
    try:
        if not isinstance(value, torch.Tensor):
            return np.asarray(value)
        dense = value.detach().to_dense() if value.layout != torch.strided else value.detach()
        return np.asarray((dense.float() if dense.dtype == torch.bfloat16 else dense).cpu())
    except MemoryError:
        raise
    except Exception as error:
        raise DataError(f"a {type(value).__name__} cannot be read as an array of numbers ({reason(error)}).") from error


def _field(name: str, value: object) -> np.ndarray:
    if not _is_array(value) and not isinstance(value, list | tuple):
        raise ConfigError(f"the field {name} cannot be of type {type(value).__name__}: give an array or a tensor.")
    array = _array(value)
    if name in _IMAGES:
        return _examples(array)
    return array.astype(np.float32) if array.dtype == np.float64 else array


def _named(fields: dict[str, np.ndarray], label: object) -> Dataset:
    """A data set with a fingerprint and with its labels numbered by class."""
    classes: tuple[str, ...] = ()
    if label is not None:
        fields["label"], classes = _numbered(np.asarray(_array(label)))
    first = next(iter(fields.values()), None)
    if first is None or any(len(array) != len(first) for array in fields.values()):
        sizes = ", ".join(f"{name}: {len(array):,}" for name, array in fields.items()) or "none"
        raise DataError(f"the fields of the data must be as long as one another; there are {sizes}.")
    digits = Fingerprint(first.shape)
    for name, array in sorted(fields.items()):
        digits.add(np.frombuffer(f"{name} {array.dtype} {array.shape}".encode(), np.uint8))
        digits.add(array)
    note = f"{counted(len(first), 'example')} handed over from Python"
    return Dataset(fields, digits.finished(None), "data from Python", classes, (note,))


def _numbered(label: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels as numbers from 0, and the names of the classes: the labels themselves."""
    if label.ndim != 1 or np.issubdtype(label.dtype, np.floating):
        raise DataError(f"labels must be one whole number or name an example, not {label.dtype} {list(label.shape)}.")
    names, numbers = np.unique(label, return_inverse=True)
    return numbers.astype(np.int64), tuple(map(str, names.tolist()))


def _examples(array: np.ndarray) -> np.ndarray:
    """Images as bytes [N, C, H, W]; points and everything of other rank as they are. Raises DataError."""
    if array.ndim not in (3, 4):
        return array.astype(np.float32) if array.dtype == np.float64 else array
    if array.ndim == 3:
        array = array[:, None]
    if array.shape[1] not in (1, 3) and array.shape[3] in (1, 3):
        array = array.transpose(0, 3, 1, 2)
    if not len(array) or not array.shape[2] * array.shape[3] or array.shape[1] not in (1, 3):
        raise DataError(f"an array {list(array.shape)} holds no images of one or three channels: give {_FORMS}.")
    return np.ascontiguousarray(_bytes(array))


def _bytes(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if array.dtype.kind not in "iuf":
        raise DataError(f"images cannot be {array.dtype}: give bytes, or numbers in [0, 1] or [-1, 1].")
    low, high = float(array.min()), float(array.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise DataError("images cannot hold numbers that are not finite: look where they come from.")
    if np.issubdtype(array.dtype, np.floating) and low >= -1 and high <= 1:
        unit = (array + 1) / 2 if low < 0 else array
        return np.rint(unit * 255).astype(np.uint8)
    if np.issubdtype(array.dtype, np.integer) and low >= 0 and high <= 255:
        return array.astype(np.uint8)
    raise DataError(
        f"images from {low:g} to {high:g} of {array.dtype} are no bytes and lie outside [-1, 1]: scale them."
    )


def _of_items(data: Any) -> Dataset:
    """A set that is read by index: each item an image or (image, label), as those of torch and torchvision are."""
    images: list[np.ndarray] = []
    labels: list[Any] = []
    for index in range(len(data)):
        item = data[index]
        image, label = item if isinstance(item, tuple | list) and len(item) == 2 else (item, None)
        images.append(_one(image, index))
        labels.append(label.item() if isinstance(label, torch.Tensor | np.generic) else label)
        if images[-1].shape != images[0].shape:
            raise DataError(
                f"item {index} of the data is {list(images[-1].shape)} and item 0 {list(images[0].shape)}: bring all to"
                " one size, or give a folder of images and resolution=N."
            )
    if not images:
        raise DataError("the data has no items.")
    if all(label is None for label in labels):
        return _named({"image": np.stack(images)}, None)
    if any(label is None for label in labels):
        raise DataError("some items of the data have a label and some have none.")
    names = getattr(data, "classes", None)
    if names is not None and all(isinstance(label, int) and 0 <= label < len(names) for label in labels):
        labels = [str(names[label]) for label in labels]
    return _named({"image": np.stack(images)}, np.array(labels))


def _one(image: object, index: int) -> np.ndarray:
    """One image of a set as bytes [C, H, W]."""
    if isinstance(image, Pillow.Image):
        image = np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB"))
    if not _is_array(image):
        raise ConfigError(f"item {index} of the data is of type {type(image).__name__}, not an image: give {_FORMS}.")
    array = _array(image)
    if array.ndim not in (2, 3):
        raise DataError(f"item {index} of the data is {list(array.shape)}, no image [C, H, W] or [H, W].")
    pixels: np.ndarray = _examples(array[None])[0]
    return pixels
