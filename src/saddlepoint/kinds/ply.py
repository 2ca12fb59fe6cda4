"""PLY files of vertices alone, in the little-endian binary form that viewers of clouds and splats read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

_TYPES = {np.dtype(np.float32): "float", np.dtype(np.uint8): "uchar"}


def write_ply(path: Path, fields: Mapping[str, np.ndarray], facts: Mapping[str, str]) -> None:
    """Vertices with `fields` [P] each of float32 or uint8, in their order, under comment lines with the facts."""
    count = len(next(iter(fields.values())))
    head = ["ply", "format binary_little_endian 1.0"]
    head += [f"comment {name}: {' '.join(text.split())}" for name, text in facts.items()]
    head += [f"element vertex {count}"]
    head += [f"property {_TYPES[array.dtype]} {name}" for name, array in fields.items()]
    rows = np.empty(count, [(name, array.dtype.newbyteorder("<")) for name, array in fields.items()])
    for name, array in fields.items():
        rows[name] = array
    text = "\n".join([*head, "end_header", ""])
    path.write_bytes(text.encode("ascii", "backslashreplace") + rows.tobytes())
