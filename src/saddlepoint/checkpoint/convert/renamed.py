"""A state dict that is taken apart by name: what was asked for by our names, and a refusal of whatever is left."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from saddlepoint.errors import CheckpointError

_LEAVES = ("weight", "bias")


class Rest:
    """The tensors of a state dict that nobody has taken yet. what: the network in words, for refusals."""

    def __init__(self, state: Mapping[str, Tensor], what: str) -> None:
        self.left, self.what = dict(state), what

    def take(self, name: str) -> Tensor:
        """A tensor, which is then gone. Raises CheckpointError where there is none."""
        if name not in self.left:
            raise CheckpointError(f"{self.what} without {name} is not whole.")
        return self.left.pop(name)

    def layer(self, theirs: str, ours: str) -> dict[str, Tensor]:
        """Weight and bias of a layer by our names."""
        return {f"{ours}.{leaf}": self.take(f"{theirs}.{leaf}") for leaf in _LEAVES}

    def stacked(self, theirs: Iterable[str], ours: str) -> dict[str, Tensor]:
        """Weights and biases of several layers with the same input as those of one."""
        names = list(theirs)
        return {f"{ours}.{leaf}": torch.cat([self.take(f"{name}.{leaf}") for name in names]) for leaf in _LEAVES}

    def leave(self, pattern: str) -> None:
        """Drop what has no part in the forward pass, by a pattern of whole names."""
        self.left = {name: value for name, value in self.left.items() if not re.fullmatch(pattern, name)}

    def done(self) -> None:
        """Raises CheckpointError for a tensor that was not asked for."""
        if self.left:
            raise CheckpointError(f"{next(iter(self.left))[:80]} is no part of {self.what}.")


def count(state: Mapping[str, Tensor], pattern: str) -> int:
    """How many layers there are: one more than the greatest number that a pattern with one group finds."""
    numbers = [int(match[1]) for name in state if (match := re.match(pattern, name))]
    return 1 + max(numbers, default=-1)


def heads_of(width: int) -> int:
    """Heads of the published networks, which no shape tells: 64 numbers each; the huge vision transformer has 80."""
    size = 80 if width == 1280 else 64
    if width % size:
        raise CheckpointError(f"a width of {width} is none of the published ones, so nobody knows its heads.")
    return width // size
