"""Packing of what is cut from files, such as windows of texts, series and films: several examples a file, or none."""

from __future__ import annotations

import hashlib
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from saddlepoint import kinds
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.labels import kept_classes
from saddlepoint.data.pack import Say, begin_array, made_once, room, settle
from saddlepoint.data.sources.disk import cache_folder
from saddlepoint.data.sources.fingerprint import Fingerprint
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.data.sources.reader import reason
from saddlepoint.errors import DataError, MissingExtra
from saddlepoint.kinds.kind import Kind
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit
from saddlepoint.text import counted

_FORM = 1  # raised when the same files would pack to other numbers
_MOST_ROWS = 10**12
_PIECE = 2**24  # bytes that are checked at once
_checked: set[tuple[Path, int, int]] = set()  # packs whose every byte this process has seen to be right

Rows = Mapping[str, np.ndarray]
"""examples by field, as many in each; number of the file that they come from, or None for several"""


@dataclass
class Account:
    """What is said of the work: (name, reason) of what was left out, and sentences."""

    skipped: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Cuttings(ABC):
    """Files of which examples are cut: read in order, one at a time, so that memory is bounded by the largest."""

    held: FilePictures
    thing: str = "file"

    @property
    @abstractmethod
    def form(self) -> str:
        """How the files are read and cut, for the name of the pack."""

    @abstractmethod
    def rows(self, account: Account, say: Say) -> Iterator[tuple[int | None, Rows]]:
        """Pieces of examples, each with the number of its file. Rows of all pieces have one shape and type.

        What cannot be used goes into the account. Raises MissingExtra where a library is lacking.
        """

    @abstractmethod
    def kinds(self) -> Mapping[str, Kind]:
        """What the examples are, once all are cut."""

    def each(self, account: Account, say: Say, doing: str) -> Iterator[tuple[int, Any]]:
        """What `look` says of each file; one that cannot be read is put into the account."""
        said = time.monotonic()
        for index in range(len(self.held)):
            try:
                yield index, self.look(index)
            except MissingExtra:
                raise
            except Exception as error:  # whatever is wrong with one file concerns that file alone
                account.skipped.append((self.held.name(index), why(error)))
            if time.monotonic() - said >= 1:
                said = time.monotonic()
                say(f"{doing} {counted(len(self.held), self.thing)}: {index + 1:,} done")

    @abstractmethod
    def look(self, index: int) -> Any:
        """What must be known of a file before any is cut."""


def why(error: Exception) -> str:
    """Why one file could not be used, in a few words."""
    return str(error).rstrip(".") if isinstance(error, DataError) else reason(error)


def pack_rows(source: Cuttings, cache: Path | None, say: Say) -> Dataset:
    """The examples that are cut from files, as a data set; packed once. Raises DataError when there is none."""
    held = source.held
    labels = None if held.labels is None else held.labels.tobytes().hex()
    text = json.dumps([_FORM, type(source).__name__, source.form, held.key(), labels, held.classes])
    folder = cache_folder(cache) / "packs" / hashlib.sha256(text.encode()).hexdigest()[:32]
    made_once(folder, lambda part: _write(part, source, say), say)
    try:
        facts = documents.table(folder / "facts.json")
        fields = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in facts["fields"]}
        known = {name: kinds.from_json(values) for name, values in facts["kinds"].items()}
        _check(folder, fields, facts["fields"])
        skipped = tuple((name, reason) for name, reason in facts["skipped"])
        notes, classes = (*held.notes, *facts["notes"]), tuple(facts["classes"])
    except (Unfit, OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"the pack {folder} is damaged ({error}): delete that folder and it is made anew.") from error
    details = held.source, classes, notes, (*held.skipped, *skipped)
    return Dataset(fields, facts["fingerprint"], *details, kinds=known)


class _Writer:
    """Rows of one field, written to a .npy file as they come."""

    def __init__(self, file: BinaryIO, example: np.ndarray) -> None:
        self.file, self.shape, self.dtype, self.count = file, example.shape[1:], example.dtype, 0
        self.digits = Fingerprint(self.shape)
        begin_array(file, _MOST_ROWS, self.shape, self.dtype.str)
        self.start = file.tell()

    def add(self, rows: np.ndarray) -> None:
        rows = np.ascontiguousarray(rows)
        assert (rows.shape[1:], rows.dtype) == (self.shape, self.dtype)
        self.digits.add(rows)
        self.file.write(rows.data)
        self.count += len(rows)

    def end(self) -> str:
        self.file.seek(0)
        begin_array(self.file, self.count, self.shape, self.dtype.str)
        assert self.file.tell() == self.start, "the header of a .npy file keeps its length when its first axis shrinks"
        settle(self.file)
        return self.digits.finished(None)


def _write(part: Path, source: Cuttings, say: Say) -> None:
    account, writers, files = Account(), dict[str, _Writer](), list[int]()
    part.mkdir()
    with ExitStack() as stack:
        for index, rows in source.rows(account, say):
            room(part.parent, 2 * sum(values.nbytes for values in rows.values()))
            for name, values in rows.items():
                if name not in writers:
                    file = stack.enter_context((part / f"{name}.npy").open("wb"))
                    writers[name] = _Writer(file, values)
                writers[name].add(values)
            files += [-1 if index is None else index] * len(next(iter(rows.values())))
        if not files:
            raise _nothing(source, account)
        digits = {name: writer.end() for name, writer in writers.items()}
    held, classes, notes = source.held, source.held.classes, list[str]()
    if held.labels is not None:
        rows_of_files = np.array(files)
        numbers, classes, notes = kept_classes(held.labels, np.unique(rows_of_files), held.classes)
        assert numbers is not None
        labels = numbers[np.searchsorted(np.unique(rows_of_files), rows_of_files)]
        with (part / "label.npy").open("wb") as file:
            np.save(file, labels)
            settle(file)
        digits["label"] = Fingerprint(()).finished(labels)
    facts = {
        "fingerprint": hashlib.sha256(json.dumps(sorted(digits.items())).encode()).hexdigest(),
        "fields": digits,
        "kinds": {name: kinds.to_json(kind) for name, kind in source.kinds().items()},
        "classes": classes,
        "notes": [*account.notes, *notes],
        "skipped": account.skipped,
    }
    with (part / "facts.json").open("wb") as file:
        file.write(json.dumps(facts).encode())
        settle(file)


def _nothing(source: Cuttings, account: Account) -> DataError:
    refused = [*source.held.skipped, *account.skipped]
    if not refused:
        return DataError(f"{source.held.source} holds no example that is long enough.")
    name, words = refused[0]
    count = counted(len(refused), source.thing)
    return DataError(f"none of the {count} of {source.held.source} is usable; {name}: {words}.")


def _check(folder: Path, fields: Mapping[str, np.ndarray], expected: Mapping[str, str]) -> None:
    """Raises ValueError when a byte is not as it was written. A pack is read through once in a process."""
    status = (folder / "facts.json").stat()
    version = (folder, status.st_mtime_ns, status.st_ino)
    if version in _checked:
        return
    for name, array in fields.items():
        digits = Fingerprint(() if name == "label" else array.shape[1:])
        at_once = max(1, _PIECE // max(1, array[:1].nbytes))
        if name == "label":
            digest = digits.finished(np.asarray(array))
        else:
            for start in range(0, len(array), at_once):
                digits.add(array[start : start + at_once])
            digest = digits.finished(None)
        if digest != expected[name]:
            raise ValueError(f"the bytes of {name} are not those that were written")
    _checked.add(version)
