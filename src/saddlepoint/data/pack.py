"""Packing: images are decoded once, to uint8 [N, C, H, W] in a mapped file of the cache; later opens decode none.

A pack is a folder that appears under its final name only when it is whole, so a killed or crowded-out packing leaves
nothing half-written behind.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
from filelock import FileLock, Timeout

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.labels import kept_classes
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.boxes import boxes_fitted
from saddlepoint.data.sources.decode import Header
from saddlepoint.data.sources.disk import cache_folder, writing_to
from saddlepoint.data.sources.fingerprint import Fingerprint, fingerprint
from saddlepoint.data.sources.fit import cameras_fitted, fitted_to, natural_side
from saddlepoint.data.sources.pictures import Pictures, as_pixels
from saddlepoint.data.sources.reader import in_channels, reason
from saddlepoint.data.sources.remarks import Remark, sentences
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.kinds.boxes import Boxes
from saddlepoint.kinds.kind import Kind
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit
from saddlepoint.text import counted

Say = Callable[[str], None]
T = TypeVar("T")

_FORM = 2  # raised when the same files would pack to other pixels
_WINDOW = 256  # images in flight at once: bounds the memory
_QUIET = 1.0  # seconds between two sentences of progress
_checked: set[tuple[Path, int, int]] = set()  # packs whose every byte this process has seen to be right


@dataclass(frozen=True)
class _Plan:
    """Which images to pack, to which shape, and what is known to be unusable."""

    rows: np.ndarray
    size: tuple[int, int]  # width and height
    channels: int
    skipped: tuple[tuple[str, str], ...]


def pack(pictures: Pictures, settings: DataSettings, say: Say = lambda text: None) -> Dataset:
    """The pictures as a data set of one shape, from memory, from the cache, or decoded now into the cache.

    Raises DataError when no image is usable, when the images differ in size and no resolution is asked for, when the
    disk is full or closed, and when a pack was damaged; ConfigError for a resolution under 1.
    """
    pixels = pictures.whole()
    if pixels is not None and _fits(pixels, settings, pictures.panels):
        known = pictures.labels, pictures.attributes
        notes = kept_classes(pictures.labels, np.arange(len(pixels)), pictures.classes)[2]
        noted = replace(pictures, notes=(*pictures.notes, *notes))
        return _dataset(noted, pixels, *known, fingerprint(pixels, *known), settings)
    folder = cache_folder(settings.cache) / "packs" / _key(pictures, settings)
    made_once(folder, lambda part: _write(part, pictures, settings, say), say)
    return _read(folder, pictures, settings)


def made_once(folder: Path, write: Callable[[Path], None], say: Say) -> None:
    """A folder of the cache that is there and whole afterwards: `write` fills it under another name where it is not."""
    if folder.exists():
        return
    with writing_to(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with alone(folder.with_suffix(".lock"), say):
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)  # of a process that was killed: the lock is ours
            try:
                if not folder.exists():
                    write(part)
                    part.rename(folder)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise


def _fits(pixels: np.ndarray, settings: DataSettings, panels: int) -> bool:
    channels, height, width = pixels.shape[1:]
    target = settings.size or (natural_side(width // panels, height, settings.resize),) * 2
    return (width, height) == (target[0] * panels, target[1]) and channels == (settings.channels or channels)


def _key(pictures: Pictures, settings: DataSettings) -> str:
    """The name of the pack: of the files, of what is said of them, and of the shape that they are brought to."""
    beside = (pictures.labels, pictures.attributes, pictures.cameras)
    extras = [None if array is None else array.tobytes().hex() for array in beside]
    if pictures.times is not None:
        extras.append(pictures.times.tobytes().hex())
    if pictures.boxes is not None:
        extras += [pictures.boxes.tobytes().hex(), " ".join(pictures.box_names)]
    if pictures.text is not None and pictures.text_kind is not None:
        extras += [pictures.text.tobytes().hex(), *pictures.text_kind.pieces]
    shape = [settings.resolution, settings.resize, settings.channels, pictures.panels, pictures.any_shape]
    text = json.dumps([_FORM, pictures.key(), *extras, pictures.classes, *shape])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@contextmanager
def alone(path: Path, say: Say) -> Iterator[None]:
    """The lock of a file, which one process holds at a time; says when it has to wait."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("another process is packing these images: waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _write(part: Path, pictures: Pictures, settings: DataSettings, say: Say) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, about single files: what matters is in `skipped`
        plan = _survey(pictures, settings, say)
        room(part.parent, len(plan.rows) * plan.channels * plan.size[0] * plan.size[1] * pictures.panels)
        part.mkdir()
        _fill(part, pictures, settings, plan, say)


def _survey(pictures: Pictures, settings: DataSettings, say: Say) -> _Plan:
    """Reads every header: which images are readable, the side, and whether all are grey."""

    def look(row: int) -> tuple[Header, ...] | str:
        try:
            return pictures.headers(row)
        except Exception as error:  # whatever is wrong with one file concerns that file alone
            return reason(error)

    headers_or_reasons = list(threaded(look, np.arange(len(pictures)), "looking at", say))
    rows = np.array([row for row, each in enumerate(headers_or_reasons) if not isinstance(each, str)], dtype=np.int64)
    skipped = tuple((pictures.name(row), each) for row, each in enumerate(headers_or_reasons) if isinstance(each, str))
    headers = [header for each in headers_or_reasons if not isinstance(each, str) for header in each]
    if not headers:
        raise _nothing_usable(pictures, skipped)
    sizes = Counter((header.width, header.height) for header in headers)
    if settings.size is None and len(sizes) > 1:
        examples = ", ".join(f"{width}x{height}" for (width, height), _ in sizes.most_common(3))
        raise DataError(
            f"the images of {pictures.source} differ in size ({examples}{', ...' if len(sizes) > 3 else ''}):"
            " use --resolution N to resize them all to N pixels."
        )
    size = settings.size or (natural_side(*next(iter(sizes)), settings.resize),) * 2
    channels = settings.channels or (1 if all(header.grey for header in headers) else 3)
    return _Plan(rows, size, channels, skipped)


def room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"packing needs {needed / 1e6:,.0f} MB in {folder}, where {free / 1e6:,.0f} MB are free: make room there,"
            " or name another folder with --cache."
        )


def _fill(part: Path, pictures: Pictures, settings: DataSettings, plan: _Plan, say: Say) -> None:
    """Decodes the planned images in order into `part`: image.npy, label.npy, attributes.npy, facts.json."""

    def make(row: int) -> tuple[np.ndarray, set[Remark]] | str:
        try:
            return _shaped(pictures, int(row), settings, plan)
        except Exception as error:  # whatever is wrong with one file concerns that file alone
            return reason(error)

    deep = pictures.panels if pictures.panels > 2 else 1
    shape = (plan.channels * deep, plan.size[1], plan.size[0] * pictures.panels // deep)
    remarks: Counter[Remark] = Counter()
    rows, skipped, digits = [], list(plan.skipped), Fingerprint(shape)
    with (part / "image.npy").open("wb") as file:
        begin_array(file, len(plan.rows), shape)
        start = file.tell()
        for outcome, row in zip(threaded(make, plan.rows, "packing", say), plan.rows):
            if isinstance(outcome, str):
                skipped.append((pictures.name(int(row)), outcome))
                continue
            rows.append(row)
            remarks.update(outcome[1])
            digits.add(outcome[0])
            file.write(np.ascontiguousarray(outcome[0]).data)
        if not rows:
            raise _nothing_usable(pictures, tuple(skipped))
        file.seek(0)
        begin_array(file, len(rows), shape)
        assert file.tell() == start, "the header of a .npy file keeps its length when its first axis shrinks"
        settle(file)
    labels, classes, lost = kept_classes(pictures.labels, np.array(rows), pictures.classes)
    attributes = None if pictures.attributes is None else pictures.attributes[rows]
    cameras = None if pictures.cameras is None else pictures.cameras[rows]
    times = None if pictures.times is None else pictures.times[rows]
    boxes = None if pictures.boxes is None else pictures.boxes[rows]
    text = None if pictures.text is None else pictures.text[rows]
    beside = {"label": labels, "attributes": attributes, "camera": cameras, "time": times, "boxes": boxes, "text": text}
    for name, array in beside.items():
        if array is not None:
            with (part / f"{name}.npy").open("wb") as file:
                np.save(file, array)
                settle(file)
    facts = {
        "fingerprint": digits.finished(labels, attributes),
        "bytes": start + len(rows) * int(np.prod(shape)),
        "classes": classes,
        "notes": [*sentences(remarks), *lost],
        "skipped": skipped,
    }
    with (part / "facts.json").open("wb") as file:
        file.write(json.dumps(facts).encode())
        settle(file)


def _shaped(pictures: Pictures, row: int, settings: DataSettings, plan: _Plan) -> tuple[np.ndarray, set[Remark]]:
    images, remarks = pictures.images(row, max(plan.size), settings.resize == "pad")
    panels = []
    for image in images:
        image_in_channels, colour_remarks = in_channels(image, plan.channels)
        fitted, moved = fitted_to(image_in_channels, plan.size, settings.resize)
        panels.append(as_pixels(fitted))
        remarks = remarks | colour_remarks | moved
    return np.concatenate(panels, 0 if len(panels) > 2 else 2), remarks


def begin_array(file: BinaryIO, rows: int, shape: tuple[int, ...], dtype: str = "|u1") -> None:
    """The head of a .npy file, whose length depends on the number of digits of no axis but the first."""
    head = {"descr": dtype, "fortran_order": False, "shape": (rows, *shape)}
    np.lib.format.write_array_header_1_0(file, head)


def settle(file: BinaryIO) -> None:
    """Everything written so far, on the disk."""
    file.flush()
    os.fsync(file.fileno())


def _read(folder: Path, pictures: Pictures, settings: DataSettings) -> Dataset:
    try:
        facts = documents.table(folder / "facts.json")
        if (folder / "image.npy").stat().st_size != facts["bytes"]:
            raise ValueError("image.npy has another size than was written")
        pixels = np.load(folder / "image.npy", mmap_mode="r")
        labels = np.load(folder / "label.npy") if pictures.labels is not None else None
        attributes = np.load(folder / "attributes.npy") if pictures.attributes is not None else None
        known = _with_found(pictures, facts)
        if pictures.cameras is not None:
            known = replace(known, cameras=np.load(folder / "camera.npy"))
        if pictures.times is not None:
            known = replace(known, times=np.load(folder / "time.npy"))
        if pictures.boxes is not None:
            known = replace(known, boxes=np.load(folder / "boxes.npy"))
        if pictures.text is not None:
            known = replace(known, text=np.load(folder / "text.npy"))
        check_bytes(folder, pixels, labels, attributes, facts["fingerprint"])
    except (Unfit, OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"the pack {folder} is damaged ({error}): delete that folder and it is made anew.") from error
    return _dataset(known, pixels, labels, attributes, facts["fingerprint"], settings)


def check_bytes(
    folder: Path, pixels: np.ndarray, labels: np.ndarray | None, attributes: np.ndarray | None, expected: str
) -> None:
    """Raises ValueError when a byte is not as it was written. A pack is read through once in a process."""
    status = (folder / "facts.json").stat()
    version = (folder, status.st_mtime_ns, status.st_ino)
    if version not in _checked:
        digits = Fingerprint(pixels.shape[1:])
        for start in range(0, len(pixels), _WINDOW):
            digits.add(pixels[start : start + _WINDOW])
        if digits.finished(labels, attributes) != expected:
            raise ValueError("its bytes are not those that were written")
        _checked.add(version)


def _with_found(pictures: Pictures, facts: dict[str, Any]) -> Pictures:
    """The pictures with what packing has found out added to what was known."""
    return replace(
        pictures,
        classes=tuple(facts["classes"]),
        notes=(*pictures.notes, *facts["notes"]),
        skipped=(*pictures.skipped, *((name, reason) for name, reason in facts["skipped"])),
    )


def _dataset(
    pictures: Pictures,
    pixels: np.ndarray,
    labels: np.ndarray | None,
    attributes: np.ndarray | None,
    fingerprint: str,
    settings: DataSettings,
) -> Dataset:
    fields = {"image": pixels} if labels is None else {"image": pixels, "label": labels}
    if attributes is not None:
        fields["attributes"] = attributes.astype(np.float32)
    if pictures.cameras is not None:
        fields["camera"] = cameras_fitted(pictures.cameras, pixels.shape[:1:-1], settings.resize)
    if pictures.times is not None:
        fields["time"] = pictures.times
    kinds: dict[str, Kind] = {}
    if pictures.boxes is not None:
        fields["boxes"] = boxes_fitted(pictures.boxes, pixels.shape[:1:-1], settings.resize)
        kinds["boxes"] = Boxes(fields["boxes"].shape[1], pictures.box_names)
    if pictures.text is not None and pictures.text_kind is not None:
        fields["text"], kinds["text"] = pictures.text, pictures.text_kind
    if pictures.panels == 2:
        names = pictures.fields[::-1] if settings.swap else pictures.fields
        kept = {name: array for name, array in fields.items() if name == "attributes"}
        fields = dict(zip(names, np.split(pixels, 2, axis=3))) | kept
        if "mask" in fields:  # what is lighter than half
            fields["mask"] = (np.asarray(fields["mask"]).max(1, keepdims=True) > 127).astype(np.uint8)
    elif pictures.panels > 2:
        if settings.swap:
            raise ConfigError(f"{pictures.source} makes one image of several: leave out --swap.")
        last = pixels.shape[1] - pixels.shape[1] // pictures.panels
        fields = {"source": pixels[:, :last], "target": pixels[:, last:]}
    elif settings.swap:
        raise ConfigError(f"{pictures.source} has no pairs: leave out --swap.")
    details = pictures.source, pictures.classes, pictures.notes, pictures.skipped, pictures.attribute_names
    return Dataset(fields, fingerprint, *details, kinds=kinds)


def _nothing_usable(pictures: Pictures, skipped: tuple[tuple[str, str], ...]) -> DataError:
    refused = (*pictures.skipped, *skipped)
    if not refused:
        return DataError(f"{pictures.source} holds no image.")
    name, reason = refused[0]
    return DataError(
        f"no image of {pictures.source} is usable: {counted(len(refused), 'file')} left out, such as {name}: {reason}."
    )


def threaded(work: Callable[[int], T], rows: np.ndarray, doing: str, say: Say) -> Iterator[T]:
    """`work` of each row, in order, done by a thread a core; says at most once a second how far it is."""
    reported = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="pack") as pool:
        for start in range(0, len(rows), _WINDOW):
            yield from pool.map(work, rows[start : start + _WINDOW])
            if time.monotonic() - reported >= _QUIET:
                reported, finished = time.monotonic(), min(start + _WINDOW, len(rows))
                say(f"{doing} {counted(len(rows), 'image')}: {finished:,} done ({100 * finished // len(rows)} %)")
