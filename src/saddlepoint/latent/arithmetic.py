"""Arithmetic on groups: smiling women - neutral women + neutral men. Radford et al. 2016, arXiv:1511.06434, 6.3.2.

Of one image each the result is unsteady; of the mean of three and more it is not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.latent.addresses import Address
from saddlepoint.latent.addresses import parse as parse_addresses


class Group(NamedTuple):
    """Images whose mean is added (sign 1) or taken away (-1)."""

    sign: int
    members: tuple[Address, ...]


def parse(text: str) -> list[Group]:
    """The groups of "1:0,1:4 - 1:2,1:9 + 1:7": a plus or minus between spaces stands before each but the first.

    Raises ConfigError for fewer than two groups or names of no image.
    """
    first, *rest = re.split(r"\s+([+-])\s+", text.strip())
    pairs = [("+", first), *zip(rest[::2], rest[1::2])]
    if len(pairs) < 2:
        raise ConfigError(f"{text!r} is no sum: write groups of images as in '1:0,1:4 - 1:2,1:9 + 1:7,1:8'.")
    return [Group(1 if sign == "+" else -1, tuple(parse_addresses(names))) for sign, names in pairs]


def combine(groups: Sequence[Tensor], signs: Sequence[int]) -> Tensor:
    """The sum of the groups' means, each with its sign.

    groups: [n_i, ...] each, codes of one space. Returns one code, [...]. Raises ShapeError for an empty group or none.
    """
    if not groups or len(groups) != len(signs) or not all(map(len, groups)):
        raise ShapeError(f"a sum needs groups of codes with a sign each, got {len(groups)} and {len(signs)}.")
    return torch.stack([sign * group.mean(0) for group, sign in zip(groups, signs)]).sum(0)
