"""Zip files within bounds: how large their list of entries may be, and how much is taken out of them in all."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from saddlepoint.storage.plain import Unfit

MOST_LIST = 16 << 20
"""bytes of the list of entries: two hundred thousand or so"""
MOST_FOLD = 8
"""times its own size that a file may unfold to"""
_END, _END_64 = b"PK\x05\x06", b"PK\x06\x07"


def archive(file: BinaryIO) -> ZipFile:
    """A zip file, open for reading; nothing has been read but its list. Raises Unfit for a list that is too long."""
    if _list_bytes(file) > MOST_LIST:
        raise Unfit("its list of entries is too long")
    return ZipFile(file)


def unfolded(zipped: ZipFile, size: int) -> int:
    """Bytes of all entries of a zip file of `size` bytes, at least that many.

    Raises Unfit where entries are of another kind than stored or deflated, and where they unfold to more than MOST_FOLD
    times the file: no numbers of a network do that, and a small file could fill the memory.
    """
    entries = zipped.infolist()
    odd = [entry.filename for entry in entries if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED)]
    if odd:
        raise Unfit(f"{odd[0]} in it is compressed in a way that is not read here")
    whole = sum(entry.file_size for entry in entries)
    if whole > MOST_FOLD * size:
        raise Unfit(f"it would unfold to {whole / size:,.0f} times its size")
    return max(whole, size)


def member(zipped: ZipFile, name: str) -> bytes:
    """What an entry unfolds to, of the size that the list says: one that would unfold to more is cut, and its sum is
    wrong then. (`ZipFile.read` unfolds all of it before it looks.)
    """
    entry = zipped.getinfo(name)
    with zipped.open(entry) as file:
        return file.read(entry.file_size)


def _list_bytes(file: BinaryIO) -> int:
    """How long the end of the file says that its list is; 0 where it has no such end, which `ZipFile` then says."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - (1 << 16) - 22))
    tail = file.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) < place + 22:
        return 0
    length: int = struct.unpack("<I", tail[place + 12 : place + 16])[0]
    if tail[max(0, place - 20) :].startswith(_END_64):
        file.seek(min(size, struct.unpack("<Q", tail[place - 12 : place - 4])[0]))
        record = file.read(56)
        length = struct.unpack("<Q", record[40:48])[0] if len(record) == 56 else 0
    return length
