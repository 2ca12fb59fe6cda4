"""What torch has saved, of either form, and pickles that hold what torch has saved: tensors in plain containers.

Zip: `NAME/data.pkl`, whose tensors name their numbers `NAME/data/KEY`. Older: five pickles, one after another (a number
that marks the form, its release, the machine, the content, the keys), then the numbers of each key.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZipFile

import torch
from torch import Tensor

from saddlepoint.storage.archives import archive, member, unfolded
from saddlepoint.storage.pickles import Budget, Word, unpickled
from saddlepoint.storage.plain import Unfit, opened

_ZIP = b"PK\x03\x04"
_OLD = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # a pickle of the number that the older form begins with
_MOST_PICKLE = 256 << 20
_TYPES = {
    "torch.FloatStorage": torch.float32,
    "torch.DoubleStorage": torch.float64,
    "torch.HalfStorage": torch.float16,
    "torch.BFloat16Storage": torch.bfloat16,
    "torch.LongStorage": torch.int64,
    "torch.IntStorage": torch.int32,
    "torch.ShortStorage": torch.int16,
    "torch.CharStorage": torch.int8,
    "torch.ByteStorage": torch.uint8,
    "torch.BoolStorage": torch.bool,
    "torch.storage.UntypedStorage": torch.uint8,
}


def torch_file(path: Path) -> Any:
    """What a file of torch, or a pickle, holds. Nothing is imported, called or executed.

    Networks come as `pickles.Shell`s. Raises Unfit for what is not known, and nearly anything for what is damaged:
    stand within `plain.judged`.
    """
    with opened(path) as file:
        return content_of(file, Budget())


def content_of(file: BinaryIO, budget: Budget) -> Any:
    """The same of an open file, from its beginning. budget: what it may still ask for."""
    begins = file.read(len(_OLD))
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if begins.startswith(_ZIP):
        with archive(file) as zipped:
            return _zipped(zipped, size, budget)
    if begins == _OLD:
        return _older(file, size, budget)
    if begins.startswith(b"\x80"):
        return unpickled(_Bounded(file, size), budget, partial(_within, budget))
    raise Unfit("it is no file of torch and no pickle")


def _within(budget: Budget, data: bytes) -> Tensor:
    """The numbers of a tensor, flat, from what torch has saved of them."""
    try:
        flat = content_of(io.BytesIO(data), budget)
    except Unfit as error:
        raise Unfit(f"the numbers of a tensor in it cannot be read: {error}") from error
    if not isinstance(flat, Tensor) or flat.dim() != 1:
        raise TypeError("numbers that are none")
    return flat


def _zipped(zipped: ZipFile, size: int, budget: Budget) -> Any:
    room = _Room(unfolded(zipped, size))
    pickled = [name for name in zipped.namelist() if name.endswith("data.pkl")]
    if not pickled:
        raise Unfit("it is a zip file, and none of torch")
    home = pickled[0].removesuffix("data.pkl")
    if f"{home}byteorder" in zipped.namelist() and member(zipped, f"{home}byteorder") != b"little":
        raise Unfit("its numbers are of another order of bytes")

    def numbers(key: str, dtype: torch.dtype, count: int) -> Tensor:
        entry = zipped.getinfo(f"{home}data/{key}")
        if entry.file_size != count * dtype.itemsize:
            raise TypeError(f"{entry.file_size:,} bytes for {count:,} numbers")
        room.take(entry.file_size)
        return _numbers(bytearray(member(zipped, entry.filename)), dtype)

    entry = zipped.getinfo(pickled[0])
    if entry.file_size > _MOST_PICKLE:
        raise Unfit(f"{entry.filename} in it is too large")
    return unpickled(io.BytesIO(member(zipped, entry.filename)), budget, partial(_within, budget), _Storages(numbers))


def _older(file: BinaryIO, size: int, budget: Budget) -> Any:
    room, awaited = _Room(size), {}

    def numbers(key: str, dtype: torch.dtype, count: int) -> Tensor:
        room.take(count * dtype.itemsize)
        awaited[key] = torch.zeros(count, dtype=dtype)
        return awaited[key]

    read = partial(unpickled, _Bounded(file, size), budget, partial(_within, budget))
    read(), read(), read()
    content, keys = read(_Storages(numbers)), read()
    for key in keys:
        count = int.from_bytes(file.read(8), "little")
        flat = awaited[key]
        data = file.read(flat.nbytes)
        if count != len(flat) or len(data) != flat.nbytes:
            raise EOFError("it ends too early")
        if count:
            flat.copy_(_numbers(bytearray(data), flat.dtype))
    return content


class _Bounded:
    """A file that gives no more than it holds, and takes no memory for more, however much is asked."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file, self.size = file, size
        self.readline = file.readline

    def read(self, count: int) -> bytes:
        return self.file.read(min(count, self.size - self.file.tell()))


class _Room:
    """Bytes of numbers that a file can hold: not more than itself, unfolded, however often it names them."""

    def __init__(self, size: int) -> None:
        self.left = size

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise Unfit("it names more numbers than it has room for")


class _Storages:
    """Storages that are named: ("storage", type, key, device, count), and in the older form a part of another.

    The older form names a layer's class likewise: ("module", class, file, source).
    """

    def __init__(self, numbers: Callable[[str, torch.dtype, int], Tensor]) -> None:
        self.numbers = numbers
        self.known: dict[str, Tensor] = {}

    def __call__(self, name: Any) -> Tensor | Word:
        if name[0] == "module" and isinstance(name[1], Word):
            return name[1]
        _, kind, key, _, count, *part = name
        if not isinstance(kind, Word) or not isinstance(key, str) or type(count) is not int or not 0 <= count < 2**48:
            raise TypeError("a storage without its type, key or size")
        if kind.text not in _TYPES:
            raise Unfit(f"it asks for {kind.text}, which is no tensor, plain container or layer")
        if key not in self.known:
            self.known[key] = self.numbers(key, _TYPES[kind.text], count)
        flat = self.known[key]
        if not part or part[0] is None:
            return flat
        _, first, length = part[0]
        return flat[first : first + length]


def _numbers(data: bytearray, dtype: torch.dtype) -> Tensor:
    if sys.byteorder != "little":
        raise Unfit("this processor has another order of bytes")
    return torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)
