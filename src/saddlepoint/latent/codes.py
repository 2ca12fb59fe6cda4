"""Codes: points of a model's latent spaces, from which their images are made again; as tensors, and as a file.

z     the latent itself: for every method that samples
w     one style for all layers: for methods that have styles. Karras et al. 2019, arXiv:1812.04948
w+    a style for each layer; more than the mapping can reach. Abdal et al. 2019, arXiv:1904.03189
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, final, get_args

import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import CapabilityError, DataError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.abilities import by_label, classes_of
from saddlepoint.methods.tasks import knows
from saddlepoint.storage import tensors as storage
from saddlepoint.storage.plain import judged
from saddlepoint.storage.whole import file

Space = Literal["z", "w", "w+"]


@final
@dataclass(frozen=True, eq=False)
class Code:
    """Points of one space, a row for each image, on the device of the model."""

    space: Space
    values: Tensor
    """z [n, ...], w [n, D], w+ [n, L, D]"""
    noise: Tensor | None = None
    """[n, P], the layers' noise maps as `synthesise` takes them; None for those that are the same for all"""
    label: Tensor | None = None
    """[n] int64, where the model makes images of a chosen class"""

    def __len__(self) -> int:
        return len(self.values)

    def at(self, rows: slice | Tensor) -> Code:
        """Some of the rows."""
        noise, label = (None if part is None else part[rows] for part in (self.noise, self.label))
        return Code(self.space, self.values[rows], noise, label)

    def detached(self) -> Code:
        """A copy that no gradient flows into."""
        noise, label = (None if part is None else part.detach().clone() for part in (self.noise, self.label))
        return Code(self.space, self.values.detach().clone(), noise, label)


def joined(codes: Sequence[Code]) -> Code:
    """The rows of codes of one space, one after another; noise maps and labels where all of them have these."""
    values, noise, label = ([getattr(code, name) for code in codes] for name in ("values", "noise", "label"))
    return Code(codes[0].space, torch.cat(values), _all(noise), _all(label))


def _all(parts: list[Tensor | None]) -> Tensor | None:
    known = [part for part in parts if part is not None]
    return torch.cat(known) if len(known) == len(parts) else None


def spaces(model: Model) -> tuple[Space, ...]:
    """The spaces that a model has, the richest last. Raises CapabilityError where images are not made from latents."""
    if not knows(model.method, "walk") or not isinstance(model.spec.main, Image):
        raise CapabilityError(f"{model.name} makes no images from latents, so it has no latent space to search.")
    return ("z", "w", "w+") if knows(model.method, "styles") else ("z",)


def check_space(model: Model, space: Space) -> Space:
    """`space`, where the model has it. Raises CapabilityError."""
    known = spaces(model)
    if space not in known:
        raise CapabilityError(f"{model.name} has no styles, and so no space {space}; it has {', '.join(known)}.")
    return space


def decode(model: Model, code: Code) -> Tensor:
    """The images of a code, [n, C, H, W] roughly in [-1, 1]; can be differentiated. Row i depends on row i alone.

    Without noise maps of its own a code takes those that are the same for all images.
    """
    method: Any = model.method
    images: Tensor
    if knows(method, "styles"):
        images = method.synthesise(model.nets, styles_of(model, code), code.noise)
    else:
        images = method.generate(model.nets, code.values, by_label(code.label, noise="constant"))
    return images


def styles_of(model: Model, code: Code) -> Tensor:
    """The styles of a code, one for each layer.  [n, L, D]"""
    method: Any = model.method
    if code.space == "z":
        styles: Tensor = method.styles(model.nets, code.values, by_label(code.label))
        return styles
    if code.space == "w":
        return code.values[:, None].expand(-1, len(method.style_sides(model.nets)), -1)
    return code.values


def code_of(model: Model, latents: Tensor, space: Space, label: Tensor | None = None) -> Code:
    """Latents [n, ...] as a code of `space`, without noise maps of its own."""
    check_space(model, space)
    label = label if classes_of(model.method, model.nets) else None
    if space == "z":
        return Code("z", latents, None, label)
    styles = styles_of(model, Code("z", latents, None, label))
    return Code(space, styles[:, 0] if space == "w" else styles, None, label)


def save_code(code: Code, path: Path, facts: Mapping[str, str]) -> None:
    """Write a code as safetensors, in one piece, the way other edits read it.

    The tensors: "latent" [n, ...] for z, "styles" [n, L or 1, D] for w+ and w; "noise" [n, P] and "label" [n] where it
    has them. facts: what to say of it beside its space. Raises RunError when the disk will not take it.
    """
    main = {"latent": code.values} if code.space == "z" else {"styles": code.values}
    if code.space == "w":
        main = {"styles": code.values[:, None]}
    parts = {**main, "noise": code.noise, "label": code.label}
    tensors = {name: part.detach().cpu().contiguous() for name, part in parts.items() if part is not None}
    write_tensors(path, tensors, {**facts, "space": code.space})


def load_code(path: Path, device: torch.device | str = "cpu") -> Code:
    """What `save_code` wrote. Raises DataError for a file that is missing or holds something else."""
    tensors, facts = read_tensors(path)
    space = facts.get("space", "z" if "latent" in tensors else "w+")
    values = tensors.get("latent" if space == "z" else "styles")
    if values is None or space not in get_args(Space) or not values.is_floating_point():
        raise DataError(f"{path} holds no latents and no styles; `saddle edit project` writes such a file.")
    tensors = {name: part.to(device) for name, part in tensors.items()}
    values = values.to(device)
    return Code(space, values[:, 0] if space == "w" else values, tensors.get("noise"), tensors.get("label"))  # type: ignore[arg-type]


def write_tensors(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> None:
    """A safetensors file, whole or not at all, with `facts` in its head. Raises RunError."""
    with file(path) as passing:
        storage.save(passing, tensors, facts)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a safetensors file and the facts in its head. Raises DataError."""
    with judged(path, DataError):
        return storage.tensors(path), dict(storage.heading(path).facts)
