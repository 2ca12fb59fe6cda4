"""Style mixing: coarse, middle or fine layers of one image with the other layers of another.

Karras et al. 2019, arXiv:1812.04948, section 3.1 and figure 3: coarse styles (sides 4 and 8) carry pose and form,
middle ones (16 and 32) smaller features, fine ones (64 and more) colours and texture. A generator of less than 64
pixels has no fine layers by that rule; see `groups` for what they are then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import CapabilityError, ConfigError, ShapeError
from saddlepoint.methods.tasks import knows

GROUPS = ("coarse", "middle", "fine")


def groups(sides: Sequence[int]) -> Mapping[str, tuple[int, ...]]:
    """Which layers are coarse, middle and fine, by the side in pixels of what each makes.

    The paper's groups from 64 pixels on: 4 to 8, 16 to 32, 64 and more. Below, the smallest side is coarse, the next
    one middle and the rest fine; at two sides there is nothing in the middle.
    """
    kinds = sorted(set(sides))
    if kinds[-1] >= 64:
        edges = (8, 32)
    else:
        edges = (kinds[0], kinds[1] if len(kinds) > 2 else kinds[0])
    chosen: dict[str, list[int]] = {name: [] for name in GROUPS}
    for layer, side in enumerate(sides):
        chosen[GROUPS[(side > edges[0]) + (side > edges[1])]].append(layer)
    return {name: tuple(layers) for name, layers in chosen.items()}


def layers_named(text: str, sides: Sequence[int]) -> tuple[int, ...]:
    """The layers that a text names: `all`, `coarse`, `coarse+middle`, a number from 0, or a span of them, `0-3`.

    Raises ConfigError for what names none of these layers.
    """
    known, chosen = groups(sides), set()
    for word in text.split("+"):
        span = re.fullmatch(r"([0-9]{1,4})(?:-([0-9]{1,4}))?", word)
        if word == "all":
            chosen |= set(range(len(sides)))
        elif word in known:
            chosen |= set(known[word])
        elif span:
            first, last = int(span[1]), int(span[2] or span[1])
            if not first <= last < len(sides):
                raise ConfigError(f"{word!r} names no layers of this model, which has {len(sides)}, numbered from 0.")
            chosen |= set(range(first, last + 1))
        else:
            raise ConfigError(f"{word!r} names no layers: use all, coarse, middle, fine, or numbers such as 0-3.")
    if not chosen:
        raise ConfigError(f"{text!r} names no layers of this model: it has none of that kind.")
    return tuple(sorted(chosen))


def layer_words(layers: Sequence[int], sides: Sequence[int]) -> str:
    """Layers in words: "layers 0-3 of 14, sides 4-8"."""
    if len(layers) == len(sides):
        return f"all {len(sides)} layers"
    spans = "+".join(_spans(layers))
    within = sorted({sides[layer] for layer in layers})
    return f"layers {spans} of {len(sides)}, sides {within[0]}" + (f"-{within[-1]}" if len(within) > 1 else "")


def _spans(layers: Sequence[int]) -> list[str]:
    runs: list[list[int]] = []
    for layer in layers:
        if runs and runs[-1][-1] == layer - 1:
            runs[-1].append(layer)
        else:
            runs.append([layer])
    return [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]


def sides_of(model: Model) -> tuple[int, ...]:
    """The side of what each layer makes. Raises CapabilityError for a model without styles."""
    method: Any = model.method
    if not knows(method, "styles"):
        raise CapabilityError(f"{model.name} has no styles, a vector for each layer, so no layers to choose from.")
    sides: tuple[int, ...] = method.style_sides(model.nets)
    return sides


def mix(styles: Tensor, donors: Tensor, layers: Sequence[int]) -> Tensor:
    """`styles` with the named layers of `donors`; both [n, L, D]. Raises ShapeError where they differ."""
    if styles.ndim != 3 or styles.shape != donors.shape:
        raise ShapeError(f"styles [n, L, D] are mixed with as many, not {list(styles.shape)} and {list(donors.shape)}.")
    chosen = torch.zeros(styles.shape[1], dtype=torch.bool, device=styles.device)
    chosen[list(layers)] = True
    return torch.where(chosen[None, :, None], donors, styles)


def table(targets: Tensor, sources: Tensor, layers: Sequence[int]) -> Tensor:
    """Each target with the named layers of each source.

    targets [r, L, D], sources [c, L, D] -> [r * c, L, D], row by row: a target each, a column for each source.
    """
    rows = targets.repeat_interleave(len(sources), 0)
    return mix(rows, sources.repeat(len(targets), 1, 1), layers)
