"""A figure of each network of a run: its layers in order, each as a bar as high as it has parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 720.0, 90.0
_GAP = 2.0
_COLOURS = (("conv", 1), ("linear", 2), ("norm", 3), ("embedding", 4))  # a part of a layer's class -> its colour
MOST = 240
"""layers of a network that are drawn and listed"""


@dataclass(frozen=True)
class Layer:
    """A layer with parameters of its own, and its bar in a figure of WIDTH x HEIGHT."""

    path: str
    name: str
    shape: str
    parameters: int
    x: float
    width: float
    height: float
    colour: int


@dataclass(frozen=True)
class Network:
    """A network, its layers from input to output in the order in which its modules are listed."""

    name: str
    kind: str
    parameters: int
    layers: list[Layer]


def described(network: Any) -> list[list[Any]]:
    """The layers of a torch module as `run.json` keeps them: path, class, shapes of the parameters, their number."""
    rows: list[list[Any]] = []
    for path, module in network.named_modules():
        own = list(module.parameters(recurse=False))
        if own and len(rows) < MOST:
            shapes = " ".join("x".join(map(str, one.shape)) for one in own)
            rows.append([path, type(module).__name__, shapes, sum(one.numel() for one in own)])
    return rows


def figures(networks: Mapping[str, Any]) -> list[Network]:
    """The networks of `run.json` that say their layers; one of an earlier release has none."""
    drawn = []
    for name, entry in networks.items():
        rows = entry.get("layers") if isinstance(entry, dict) else None
        if rows:
            layers = _bars([tuple(row) for row in rows[:MOST]])
            drawn.append(Network(name, str(entry.get("class", "")), int(entry.get("parameters", 0)), layers))
    return drawn


def _bars(rows: list[tuple[Any, ...]]) -> list[Layer]:
    step = WIDTH / len(rows)
    highest = max(math.log10(1 + row[3]) for row in rows)
    return [
        Layer(
            path=str(row[0]),
            name=str(row[1]),
            shape=str(row[2]),
            parameters=row[3],
            x=round(place * step, 2),
            width=round(max(step - min(_GAP, step / 4), 0.5), 2),
            height=round(HEIGHT * math.log10(1 + row[3]) / max(highest, 1e-9), 2),
            colour=next((colour for word, colour in _COLOURS if word in str(row[1]).lower()), 5),
        )
        for place, row in enumerate(rows)
    ]
