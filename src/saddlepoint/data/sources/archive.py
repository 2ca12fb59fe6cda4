"""A zip of a folder, read in place; nothing is ever unpacked to disk, so a name in it can do no harm."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.data.sources.files import pictures_of
from saddlepoint.data.sources.folder import passed_over
from saddlepoint.data.sources.names import is_image, of_system, plain_path
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.data.sources.tree import Tree
from saddlepoint.errors import DataError
from saddlepoint.storage.plain import reason

MOST_BYTES = 512 * 2**20  # of one unpacked entry
MOST_ENTRIES = 5_000_000


def zip_pictures(path: Path, source: str) -> FilePictures:
    """The images in a zip, as `pictures_of` sees them. Raises DataError when it is no zip."""
    return pictures_of(zip_tree(path, source))


def zip_tree(path: Path, source: str) -> Tree:
    """The entries of a zip by their plain names. Of several that have the same one, all but the last are skipped."""
    try:
        archive = zipfile.ZipFile(path)
    except MemoryError:
        raise
    except Exception as error:  # a crafted directory makes the reader raise nearly anything
        raise DataError(f"{source} is not a whole zip file ({reason(error)}): fetch or make it again.") from error
    if len(archive.filelist) > MOST_ENTRIES:
        raise DataError(f"{source} has {len(archive.filelist):,} entries, more than {MOST_ENTRIES:,}: make several.")
    entries: dict[str, zipfile.ZipInfo] = {}
    skipped: list[tuple[str, str]] = []
    ignored: Counter[str] = Counter()
    for entry in archive.infolist():
        name = _inside(entry.filename)
        if of_system(name):
            ignored.update(part for part in PurePosixPath(name).parts[:-1] if of_system(part) and part[0] != ".")
        elif name and not entry.is_dir():
            if name in entries and is_image(name):
                skipped.append((name, "a later entry of the zip has the same name"))
            entries[name] = entry
    one_at_a_time = threading.Lock()

    def opened(name: str) -> BinaryIO:
        entry = entries[name]
        if entry.file_size > MOST_BYTES:
            raise UnusableImage(f"unpacks to {entry.file_size // 2**20} MB, more than {MOST_BYTES // 2**20}")
        try:
            with one_at_a_time:
                return io.BytesIO(archive.read(entry))
        except MemoryError:
            raise
        except Exception as error:  # each way of packing has errors of its own, and a crafted entry raises any
            raise UnusableImage(f"cannot be read from the zip: {reason(error)}") from error

    status = path.stat()
    directories = {_inside(entry.filename) for entry in archive.infolist() if entry.is_dir()}

    def stamp(names: Sequence[str]) -> str:
        return json.dumps(["zip", str(path.resolve()), status.st_size, status.st_mtime_ns, list(names)])

    return Tree(
        source=source,
        names=list(entries),
        folders=frozenset(name for name in directories if name and not of_system(name)),
        opened=opened,
        size=lambda name: entries[name].file_size,
        stamp=stamp,
        notes=tuple(passed_over(Counter(dict.fromkeys(ignored, 1)))),
        skipped=tuple(skipped),
    )


def _inside(name: str) -> str:
    """The plain name of an entry, without `..`: what is left sorts the images and names the classes."""
    return "/".join(part for part in plain_path(name).split("/") if part != "..")
