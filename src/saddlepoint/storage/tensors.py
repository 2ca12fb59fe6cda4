"""Files of safetensors within bounds: what a file declares is read and held against its size before any tensor is.

Its form: eight bytes of length, that many bytes of JSON, then the numbers.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from saddlepoint.storage.documents import MOST_BYTES, as_table
from saddlepoint.storage.plain import Unfit, opened

MOST_TENSORS = 100_000
MOST_AXES = 16
_TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


@dataclass(frozen=True)
class Declared:
    """What a file says of one tensor."""

    dtype: torch.dtype
    shape: tuple[int, ...]

    @property
    def numel(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """How many bytes they take."""
        return self.numel * self.dtype.itemsize


@dataclass(frozen=True)
class Heading:
    """What a file says of its tensors, by name, and the texts beside them."""

    tensors: Mapping[str, Declared]
    facts: Mapping[str, str]


def heading(path: Path, *, within: Path | None = None) -> Heading:
    """What a file declares, which is found true of its size. Raises Unfit, and OSError where it cannot be read."""
    with opened(path, within=within) as file:
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length <= min(size - 8, MOST_BYTES):
            raise Unfit(f"{path.name} is no file of safetensors, or cut short")
        rows = as_table(file.read(length), path.name)
    facts = rows.pop("__metadata__", {})
    if len(rows) > MOST_TENSORS:
        raise Unfit(f"{path.name} has more than {MOST_TENSORS:,} tensors")
    if not isinstance(facts, dict) or not all(isinstance(value, str) for value in facts.values()):
        raise Unfit(f"what {path.name} says of itself is no text")
    declared = {name: _declared(name, row, size - 8 - length) for name, row in rows.items()}
    return Heading(declared, facts)


def _declared(name: str, row: object, room: int) -> Declared:
    if not isinstance(row, dict) or row.get("dtype") not in _TYPES:
        kind = row.get("dtype") if isinstance(row, dict) else row
        raise Unfit(f"{name} is of the kind {str(kind)[:20]!r}, which no weights are")
    shape, places = row.get("shape"), row.get("data_offsets")
    if not (_whole(shape, MOST_AXES) and _whole(places, 2) and len(places) == 2):
        raise Unfit(f"the shape or place of {name} makes no sense")
    tensor = Declared(_TYPES[row["dtype"]], tuple(shape))
    start, end = places
    if not start <= end <= room or tensor.nbytes != end - start:
        raise Unfit(f"{name} is declared {list(shape)}, which is not what is stored of it")
    return tensor


def _whole(numbers: object, most: int) -> TypeGuard[list[int]]:
    """Whether these are at most so many whole numbers, none below 0 and none that no file has room for."""
    return (
        isinstance(numbers, list)
        and len(numbers) <= most
        and all(type(number) is int and 0 <= number < 2**48 for number in numbers)
    )


def tensors(path: Path, names: Iterable[str] | None = None, *, within: Path | None = None) -> dict[str, Tensor]:
    """Tensors of a file by name, on the CPU. names: which; None for all.

    Raises Unfit, and OSError where it cannot be read.
    """
    declared = heading(path, within=within).tensors
    names = declared if names is None else names
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in names}


def save(path: Path, values: Mapping[str, Tensor], facts: Mapping[str, str] | None = None) -> None:
    """Write tensors on the CPU, contiguous, none sharing memory; with the rights that other files get."""
    path.touch()
    rights = path.stat().st_mode & 0o777
    save_file(dict(values), path, metadata=dict(facts) if facts is not None else None)
    path.chmod(rights)  # safetensors makes files that nobody else may read
