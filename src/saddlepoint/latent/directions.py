"""Directions: ways in a latent space that change one thing in every image, kept in one file and taken with a strength.

How they are found: with labels in `boundaries`, without in `factorisation` and `components`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, final

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.config import nearest
from saddlepoint.errors import ConfigError, DataError, ShapeError
from saddlepoint.latent.codes import Code, read_tensors, spaces, write_tensors
from saddlepoint.latent.prior import labels_of, random_codes
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit


@final
@dataclass(frozen=True, eq=False)
class Directions:
    """Unit vectors of one space, each with a name and with how far the model's own codes spread along it.

    A strength counts in this spread: 1 is one standard deviation, so -3 to 3 is what the model itself may make.
    """

    space: Literal["z", "w"]
    """latents, or styles (the same vector for every layer that is moved)"""
    vectors: Tensor
    """[k, d] float32, of length 1; d is the number of values of a latent, or the length of a style"""
    names: tuple[str, ...]
    """k of them, all different"""
    spread: Tensor
    """[k] float32, standard deviation of codes along each"""
    facts: Mapping[str, Any]
    """how they were found and for which model; JSON"""

    def __post_init__(self) -> None:
        k = len(self.names)
        if self.vectors.ndim != 2 or len(self.vectors) != k or self.spread.shape != (k,) or len(set(self.names)) != k:
            raise ShapeError(
                f"directions need a name and a spread each, got vectors {list(self.vectors.shape)}, spread"
                f" {list(self.spread.shape)} and the names {', '.join(self.names)}."
            )

    def __len__(self) -> int:
        return len(self.names)

    def row(self, name: str) -> int:
        """The place of a name, or of a number from 0 unless names are numbers themselves, as those of digits are.

        Raises ConfigError with the nearest right name.
        """
        if name in self.names:
            return self.names.index(name)
        number = int(name) if name.isdecimal() and len(name) < 10 else len(self)
        if number < len(self) and not any(map(str.isdecimal, self.names)):
            return number
        raise ConfigError(f"there is no direction {name!r}{nearest(name, self.names)} Known: {', '.join(self.names)}.")

    def only(self, names: Sequence[str]) -> Directions:
        """Some of them, in this order."""
        rows = [self.row(name) for name in names]
        return replace(
            self, vectors=self.vectors[rows], names=tuple(self.names[row] for row in rows), spread=self.spread[rows]
        )

    def off(self, name: str, others: Sequence[str]) -> Tensor:
        """The vector of `name` without what lies along the others, of length 1.  [d]

        Moving along it leaves the others' values as they are. Shen et al. 2020, arXiv:1907.10786, section 3.2:
        n1 - (n1 n2) n2, and with several the plane of all. Raises ConfigError where nothing is left.
        """
        vector = self.vectors[self.row(name)]
        if others:
            axes, lengths, _ = torch.linalg.svd(
                self.vectors[[self.row(other) for other in others]].T.double(), full_matrices=False
            )
            plane = axes[:, lengths > 1e-3 * lengths[0]]  # two of one direction are one
            rest = vector.double() - plane @ (plane.T @ vector.double())
            if rest.norm() < 1e-3:
                raise ConfigError(f"nothing of {name} is left without {', '.join(others)}: it lies along them.")
            vector = (rest / rest.norm()).to(vector)
        return vector

    def moved(
        self,
        code: Code,
        name: str,
        strength: float | Tensor,
        *,
        layers: Sequence[int] | None = None,
        off: Sequence[str] = (),
    ) -> Code:
        """A code moved along a direction.

        code: z for directions of latents, w or w+ for those of styles. strength: in the spread of the model's codes,
        one for all rows or [n]. layers: of w+, those that are moved; None for all. off: names whose values stay.
        Raises ShapeError where code and direction are of different spaces or lengths.
        """
        vector = self.off(name, off).to(code.values)
        values = code.values
        fits = code.space == "z" if self.space == "z" else code.space in ("w", "w+")
        length = values[0].numel() if code.space == "z" else values.shape[-1]
        if not fits or length != len(vector) or (layers is not None and code.space != "w+"):
            raise ShapeError(
                f"the direction {name} has {len(vector)} numbers in {self.space}; this code has {length} in"
                f" {code.space}{'' if layers is None else ', and layers are chosen in w+ alone'}."
            )
        far = torch.as_tensor(strength, dtype=values.dtype, device=values.device) * float(self.spread[self.row(name)])
        far = far.expand(len(values)).view(-1, *[1] * (values.ndim - 1))
        step = far * (vector.view(values.shape[1:]) if code.space == "z" else vector)
        if layers is not None:
            chosen = torch.zeros(values.shape[1], 1, dtype=values.dtype, device=values.device)
            chosen[list(layers)] = 1
            step = step * chosen
        return replace(code, values=values + step)

    def save(self, path: Path) -> None:
        """Write them as one safetensors file, whole or not at all. Raises RunError when the disk will not take it."""
        facts = {"space": self.space, "names": json.dumps(self.names), "facts": json.dumps(self.facts)}
        write_tensors(path, {"vectors": self.vectors.contiguous(), "spread": self.spread.contiguous()}, facts)

    @staticmethod
    def read(path: Path) -> Directions:
        """What `save` wrote. Raises DataError for a file that holds no directions."""
        tensors, head = read_tensors(path)
        try:
            names, space = tuple(documents.parsed(head["names"], path.name)), head["space"]
            facts = documents.as_table(head["facts"], path.name)
            assert space in ("z", "w")
            return Directions(space, tensors["vectors"], names, tensors["spread"], facts)  # type: ignore[arg-type]
        except (Unfit, KeyError, ValueError, TypeError, AssertionError) as error:
            raise DataError(f"{path} holds no directions; `saddle edit directions` writes such a file.") from error


def directions_of(
    space: Literal["z", "w"], vectors: Tensor, names: Sequence[str], codes: Tensor, facts: Mapping[str, Any]
) -> Directions:
    """Directions from vectors of any length [k, d] and codes [n, d] of the model, which give the spread."""
    vectors = F.normalize(vectors.double(), dim=1)
    spread = (codes.double() @ vectors.T).std(0)
    return Directions(space, vectors.float().cpu(), tuple(names), spread.float().cpu(), dict(facts))


def described(model: Model) -> dict[str, Any]:
    """What a file says of the model that its directions are for."""
    return {"method": model.name, "version": model.version}


def pool(model: Model, n: int, seed: int, label: int | None = None) -> tuple[Literal["z", "w"], Code]:
    """`n` codes of the space that directions are sought in: styles (w) where the model has them, else latents (z).

    label: the class of all, where the model makes a chosen one; by default the classes come in turn.
    """
    space: Literal["z", "w"] = "w" if "w" in spaces(model) else "z"
    return space, random_codes(model, n, space, seed, labels_of(model, label, n))


def upright(vectors: Tensor) -> Tensor:
    """Vectors [k, d] whose largest number is positive: eigenvectors have no sign of their own."""
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return vectors * largest.sign()
