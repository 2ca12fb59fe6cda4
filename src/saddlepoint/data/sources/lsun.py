"""LSUN's databases: a category of scenes in an LMDB, each value an encoded image. Yu et al. 2015, arXiv:1506.03365.

bedroom_train_lmdb and the like, as its download script leaves them; several of one folder are classes.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.data.sources.pictures import FilePictures
from saddlepoint.errors import DataError, MissingExtra
from saddlepoint.text import counted, printable

BRING = "bedroom_train_lmdb, church_outdoor_train_lmdb or others of https://github.com/fyu/lsun, unpacked"
_NAME = re.compile(r"(?P<category>.+)_(?P<part>train|val|test)_lmdb")
_FILE = "data.mdb"
_MOST_BYTES = 64 * 2**20
"""of one encoded image"""


def lsun_pictures(path: Path, word: str) -> FilePictures:
    """The images of one database, or of those for training in a folder. Raises DataError where none can be read."""
    places = _databases(path)
    bases = [_opened(place) for place in places]
    keys = [_keys(base, place) for base, place in zip(bases, places)]
    owners = np.repeat(np.arange(len(places)), [len(each) for each in keys]).tolist()
    flat = [key for each in keys for key in each]
    names = [f"{places[owner].name}/{printable(key.decode('latin-1'))}" for owner, key in zip(owners, flat)]
    several = len(places) > 1
    parts = {place.name: match["part"] for place in places if (match := _NAME.fullmatch(place.name))}
    notes = [f"LSUN: {counted(len(flat), 'image')} of {', '.join(place.name for place in places)}"]
    notes += [f"{name} is not for training: training on it" for name, part in parts.items() if part != "train"]

    def stream(index: int) -> BinaryIO:
        return io.BytesIO(_value(bases[owners[index]], flat[index]))

    return FilePictures(
        source=word,
        labels=np.array(owners, np.int64) if several else None,
        classes=tuple(_category(place) for place in places) if several else (),
        notes=tuple(notes),
        names=names,
        listing=json.dumps(["lsun", *(_stamp(place) for place in places)]),
        stream=stream,
    )


def _databases(path: Path) -> Sequence[Path]:
    if path.name == _FILE:
        path = path.parent
    if (path / _FILE).is_file():
        return [path]
    inside = sorted(p.parent for p in path.glob(f"*/{_FILE}")) if path.is_dir() else []
    if not inside:
        packed = sorted(path.glob("*_lmdb.zip")) if path.is_dir() else []
        mend = f"unpack {packed[0].name}" if packed else f"it must hold {BRING}"
        raise DataError(f"{path} holds no {_FILE} of LSUN: {mend}.")
    training = [place for place in inside if (match := _NAME.fullmatch(place.name)) and match["part"] == "train"]
    return training or inside


def _category(place: Path) -> str:
    match = _NAME.fullmatch(place.name)
    return printable((match["category"] if match else place.name).replace("_", " "))


def _stamp(place: Path) -> list[object]:
    status = (place / _FILE).stat()
    return [str(place.resolve()), status.st_size, status.st_mtime_ns]


def _opened(place: Path) -> Any:
    try:
        import lmdb
    except ImportError as error:
        raise MissingExtra("LSUN's databases need lmdb: pip install 'saddlepoint[lmdb]'.") from error
    file = place / _FILE
    try:
        base = lmdb.open(str(place), readonly=True, lock=False, readahead=False, max_readers=512)
        needed = (base.info()["last_pgno"] + 1) * base.stat()["psize"]
    except (lmdb.Error, OSError, ValueError) as error:
        raise DataError(f"{file} is no database of LMDB ({error}): fetch it again.") from error
    size = file.stat().st_size
    if size < needed:  # reading beyond the end of a mapped file would end the process
        base.close()
        raise DataError(f"{file} has {size:,} bytes of {needed:,}: it was cut short, fetch it again.")
    return base


def _keys(base: Any, place: Path) -> list[bytes]:
    import lmdb

    try:
        with base.begin() as look, look.cursor() as cursor:
            keys = [bytes(key) for key in cursor.iternext(keys=True, values=False)]
    except lmdb.Error as error:
        raise DataError(f"{place / _FILE} cannot be read ({error}): fetch it again.") from error
    if not keys:
        raise DataError(f"{place / _FILE} holds no image: fetch it again.")
    return keys


def _value(base: Any, key: bytes) -> bytes:
    import lmdb

    try:
        with base.begin() as look:
            value = look.get(key)
    except lmdb.Error as error:
        raise UnusableImage(f"cannot be read from the database: {error}") from error
    if value is None:
        raise UnusableImage("is no longer in the database")
    if len(value) > _MOST_BYTES:
        raise UnusableImage(f"has {len(value) // 2**20} MB, more than {_MOST_BYTES // 2**20}")
    return bytes(value)
