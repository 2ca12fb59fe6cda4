"""A zip of a folder of images, read in place; nothing is ever unpacked to disk, so a name in it can do no harm."""

from __future__ import annotations

import io
import json
import threading
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.data.sources.folder import classes_of, images_among, kinds
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.errors import DataError

MOST_BYTES = 512 * 2**20  # of one unpacked entry


def zip_pictures(path: Path, source: str) -> FilePictures:
    """The images in a zip, in order of their names, with the rules for folders.

    Raises DataError when it is not a zip, holds no image, or mixes loose images with class folders.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise DataError(f"{source} is not a whole zip file ({error}): fetch or make it again.") from error
    entries = {_plain_name(entry.filename): entry for entry in archive.infolist() if not entry.is_dir()}
    notes: list[str] = []
    names = images_among(list(entries), notes)
    if not names:
        raise DataError(f"{source} holds no image ({kinds()}).")
    labels, classes = classes_of(names, source, notes)
    one_at_a_time = threading.Lock()

    def stream(index: int) -> BinaryIO:
        entry = entries[names[index]]
        if entry.file_size > MOST_BYTES:
            raise UnusableImage(f"unpacks to {entry.file_size // 2**20} MB, more than {MOST_BYTES // 2**20}")
        try:
            with one_at_a_time:
                return io.BytesIO(archive.read(entry))
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, zlib.error) as error:
            raise UnusableImage(f"cannot be read from the zip: {error}") from error

    status = path.stat()
    return FilePictures(
        source=source,
        listing=json.dumps(["zip", str(path.resolve()), status.st_size, status.st_mtime_ns]),
        labels=labels,
        classes=classes,
        notes=tuple(notes),
        names=names,
        stream=stream,
    )


def _plain_name(name: str) -> str:
    """A name without drive, leading slashes and `..`: what is left sorts the images and names the classes."""
    parts = name.replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", ".", "..") and not part.endswith(":"))
