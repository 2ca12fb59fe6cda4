"""Packing of what is no image: one array a file, read once and written in rows to a mapped file of the cache."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.labels import kept_classes
from saddlepoint.data.pack import Say, begin_array, check_bytes, made_once, room, settle, threaded
from saddlepoint.data.sources.disk import cache_folder
from saddlepoint.data.sources.fingerprint import Fingerprint
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.data.sources.reader import reason
from saddlepoint.errors import DataError, MissingExtra
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit
from saddlepoint.text import counted

_FORM = 1  # raised when the same files would pack to other numbers

Read = Callable[[int], np.ndarray]


def pack_arrays(files: FilePictures, read: Read, field: str, form: str, cache: Path | None, say: Say) -> Dataset:
    """The files of `held` as a data set of one field of one shape: the one that most of them have.

    read: file number i as an array. form: how it is read, for the name of the pack. Files that cannot be read, or have
    another shape, are left out and named. Raises DataError when none is usable, MissingExtra as `read` does.
    """
    labels = None if files.labels is None else files.labels.tobytes().hex()
    text = json.dumps([_FORM, field, form, files.key(), labels, files.classes])
    folder = cache_folder(cache) / "packs" / hashlib.sha256(text.encode()).hexdigest()[:32]
    made_once(folder, lambda part: _write(part, files, read, field, say), say)
    try:
        facts = documents.table(folder / "facts.json")
        array = np.load(folder / f"{field}.npy", mmap_mode="r")
        rows = None if files.labels is None else np.load(folder / "label.npy")
        check_bytes(folder, array, rows, None, facts["fingerprint"])
        skipped = tuple((name, why) for name, why in facts["skipped"])
        notes, classes = (*files.notes, *facts["notes"]), tuple(facts["classes"])
    except (Unfit, OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"the pack {folder} is damaged ({error}): delete that folder and it is made anew.") from error
    fields = {field: array} if rows is None else {field: array, "label": rows}
    return Dataset(fields, facts["fingerprint"], files.source, classes, notes, (*files.skipped, *skipped))


def _write(part: Path, files: FilePictures, read: Read, field: str, say: Say) -> None:
    def look(row: int) -> tuple[tuple[int, ...], str] | str:
        try:
            array = read(int(row))
            return array.shape, array.dtype.str
        except MissingExtra:
            raise
        except Exception as error:  # whatever is wrong with one file concerns that file alone
            return reason(error)

    rows = np.arange(len(files))
    shapes_or_reasons = list(threaded(look, rows, "looking at", say))
    shapes = Counter(each for each in shapes_or_reasons if not isinstance(each, str))
    if not shapes:
        first = next(
            iter((*files.skipped, *((files.name(0), each) for each in shapes_or_reasons if isinstance(each, str))))
        )
        count = len(shapes_or_reasons) + len(files.skipped)
        raise DataError(
            f"no file of {files.source} is usable: {counted(count, 'file')} left out, such as {first[0]}: {first[1]}."
        )
    (shape, dtype), _ = shapes.most_common(1)[0]
    room(part.parent, len(rows) * int(np.prod(shape)) * np.dtype(dtype).itemsize)
    part.mkdir()
    usable, skipped, digits = [], [], Fingerprint(shape)
    with (part / f"{field}.npy").open("wb") as file:
        begin_array(file, len(rows), shape, dtype)
        for row, each in enumerate(shapes_or_reasons):
            if isinstance(each, str):
                skipped.append((files.name(row), each))
            elif each != (shape, dtype):
                own, usual = ("x".join(map(str, sizes)) for sizes in (each[0], shape))
                skipped.append((files.name(row), f"is {own}, where most are {usual}"))
            else:
                usable.append(row)
                array = np.ascontiguousarray(read(row))
                digits.add(array)
                file.write(array.data)
        file.seek(0)
        begin_array(file, len(usable), shape, dtype)
        settle(file)
    labels, classes, notes = kept_classes(files.labels, np.array(usable), files.classes)
    if labels is not None:
        with (part / "label.npy").open("wb") as file:
            np.save(file, labels)
            settle(file)
    facts = {"fingerprint": digits.finished(labels), "classes": classes, "notes": notes, "skipped": skipped}
    with (part / "facts.json").open("wb") as file:
        file.write(json.dumps(facts).encode())
        settle(file)
