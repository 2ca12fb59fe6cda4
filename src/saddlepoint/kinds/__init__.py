"""What one example of a batch's field can be: one file a kind, found by looking.

`kind.py` says what every kind offers; `of_array` finds the kind of an array that comes without one.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from saddlepoint.errors import CheckpointError, DataError
from saddlepoint.kinds.kind import Kind

_BY_FIELD: dict[str, str | tuple[str, ...]] = {
    "image": ("image", "points"),
    "text": "tokens",
    "time": "moment",
    **{
        name: name
        for name in (
            "label",
            "attributes",
            "mask",
            "camera",
            "volume",
            "distances",
            "cloud",
            "parts",
            "series",
            "clip",
            "views",
            "rig",
        )
    },
    "expressions": "expression",
}
_IN_TURN = ("image", "volume", "cloud", "points", "label")
"""the kinds that an array of an unknown field is tried as"""


@cache
def listing() -> Mapping[str, type[Kind]]:
    """All kinds by name."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))
    kinds = {}
    for name in names:
        module = importlib.import_module(f"{__name__}.{name}")
        for value in vars(module).values():
            own = isinstance(value, type) and value.__module__ == module.__name__
            if own and issubclass(value, Kind) and value is not Kind:
                kinds[name] = value
    return kinds


def of_array(field: str, array: np.ndarray) -> Kind:
    """The kind of stored examples [N, ...] of a field, by its name and, for any other name, by the first that fits.

    Raises DataError where none does.
    """
    names = _BY_FIELD.get(field, _IN_TURN)
    for name in (names,) if isinstance(names, str) else names:
        kind = listing()[name].of(array)
        if kind is not None:
            return kind
    shape = ", ".join(map(str, array.shape))
    raise DataError(
        f"the field {field!r} is an array [{shape}] of {array.dtype}, which is none of the kinds that are known: images"
        " are uint8 [N, C, H, W], points float32 [N, D], volumes uint8 [N, C, D, H, W], clouds float32 [N, P, 3], texts"
        " whole numbers [N, L], series float32 [N, T, C], clips uint8 [N, T, C, H, W]."
    )


def to_json(kind: Kind) -> dict[str, Any]:
    """A kind as plain values: its name and its measures."""
    names = {cls: name for name, cls in listing().items()}
    return {"kind": names[type(kind)], **dataclasses.asdict(kind)}


def from_json(values: Mapping[str, Any]) -> Kind:
    """What `to_json` wrote. Raises CheckpointError for a kind that is not known here, or of other measures."""
    measures = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    name = str(measures.pop("kind", None))
    if name not in listing():
        raise CheckpointError(f"this model is about {name!r}, a kind of example that this release does not know.")
    try:
        return listing()[name](**measures)
    except TypeError as error:
        raise CheckpointError(f"the measures of {name!r} are not those that this release knows: {error}.") from error
