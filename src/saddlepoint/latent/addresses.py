"""How images are named: `1:5` is image 5 of seed 1 in the grids of `saddle sample`, counted from 0 in rows.

A seed alone is its image 0; `1:0-7` is eight images and `3-6` the images 0 of four seeds; `photo.safetensors` is what
a projection found. Commas stand between them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.latent.codes import Code, joined, load_code, spaces
from saddlepoint.latent.decode_codes import styled
from saddlepoint.methods.abilities import classes_of

_SPAN = r"([0-9]{1,15})(?:-([0-9]{1,15}))?"
_PLACE = re.compile(rf"{_SPAN}(?::{_SPAN})?")
_MOST = 10_000  # images that a text may stand for, and the rows of a seed


class Address(NamedTuple):
    """One image that the generator makes, or the file of one or more codes."""

    seed: int = 0
    row: int = 0
    file: Path | None = None

    def __str__(self) -> str:
        return f"{self.seed}:{self.row}" if self.file is None else self.file.stem


def parse(text: str) -> list[Address]:
    """The images that a text names, in its order. Raises ConfigError for what names none."""
    addresses: list[Address] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        if part.endswith(".safetensors"):
            addresses.append(Address(file=Path(part)))
            continue
        match = _PLACE.fullmatch(part)
        if match is None:
            raise ConfigError(
                f"{part!r} names no image: 1:5 is image 5 of seed 1, 1:0-7 eight of them, 3 the image 0 of seed 3."
            )
        seeds, rows = (_span(match[first], match[first + 1], part) for first in (1, 3))
        if len(addresses) + len(seeds) * len(rows) > _MOST:  # counted before any of them is made
            raise ConfigError(f"{part!r} is too much: {_MOST:,} images can be named at once.")
        addresses += [Address(seed, row) for seed in seeds for row in rows]
    if not addresses:
        raise ConfigError("name an image, such as 1:5, which is image 5 of seed 1.")
    return addresses


def _span(first: str | None, last: str | None, part: str) -> range:
    low = int(first or 0)
    high = low if last is None else int(last)
    if not low <= high < low + _MOST:
        raise ConfigError(f"{part!r} must count upwards, over at most {_MOST:,} images.")
    return range(low, high + 1)


def latents_of(model: Model, addresses: Sequence[Address], label: int | None = None) -> Code:
    """The latents (z) of images, in the order in which they are named.

    label: the class of all, where the model makes images of a chosen class; without it each has the class that it has
    in `saddle sample`, its number modulo their number.
    """
    method: Any = model.method
    rows: list[Tensor] = [torch.empty(0)] * len(addresses)
    classes = _classes(model, addresses, label)
    by_seed: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, address in enumerate(addresses):
        by_seed[address.seed][address.row].append(place)
    for seed, places in by_seed.items():
        for run in _runs(sorted(places)):
            for row, drawn in zip(run, method.latents(model.nets, len(run), seed, run.start)):
                for place in places[row]:
                    rows[place] = drawn
    return Code("z", torch.stack(rows).to(model.device), None, None if classes is None else classes.to(model.device))


def _runs(rows: Sequence[int]) -> list[range]:
    """Rising numbers as spans without gaps."""
    runs: list[range] = []
    for row in rows:
        if runs and runs[-1].stop == row:
            runs[-1] = range(runs[-1].start, row + 1)
        else:
            runs.append(range(row, row + 1))
    return runs


def _classes(model: Model, addresses: Sequence[Address], label: int | None) -> Tensor | None:
    count = classes_of(model.method, model.nets)
    if not count:
        if label is not None:
            raise ConfigError(f"this {model.name} makes no image of a chosen class: leave --label out.")
        return None
    if label is not None and not 0 <= label < count:
        raise ConfigError(f"there is no label {label}; the classes are 0 to {count - 1}.")
    return torch.tensor([address.row % count if label is None else label for address in addresses])


def codes_of(model: Model, addresses: Sequence[Address], *, label: int | None = None, truncation: float = 1.0) -> Code:
    """The codes of images in the richest space that the model has: styles for each layer (w+), else latents (z).

    A file gives what it holds, as many rows as it has; noise maps of its own are kept where all images have such.
    truncation: of the styles of images that are named by seed.
    Raises ShapeError for a file that was made with a model of another shape, DataError for one that holds no code.
    """
    rich = spaces(model)[-1] == "w+"
    codes: list[Code] = []
    for address in addresses:
        if address.file is None:
            code = latents_of(model, [address], label)
            codes.append(styled(model, code, truncation) if rich else code)
        else:
            codes.append(_read(model, address.file, codes[0] if codes else codes_of(model, [Address()], label=label)))
    return joined(codes)


def _read(model: Model, file: Path, like: Code) -> Code:
    """The code of a file, in the space and shape of `like`."""
    code = load_code(file, model.device)
    if like.label is not None and code.label is None:
        code = replace(code, label=like.label[:1].expand(len(code)))
    if like.space == "w+":
        if code.space == "w":
            values = code.values[:, None].expand(-1, like.values.shape[1], -1)
            code = Code("w+", values, code.noise, code.label)
        elif code.space == "z":
            code = styled(model, code)
    if code.space != like.space or code.values.shape[1:] != like.values.shape[1:]:
        own_shape, model_shape = ("x".join(map(str, each.values.shape[1:])) for each in (code, like))
        raise ShapeError(
            f"{file.name} holds {code.space} codes of {own_shape}, and this {model.name} takes {like.space} codes of"
            f" {model_shape}: it was made with another model."
        )
    return code
