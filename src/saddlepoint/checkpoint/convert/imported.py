"""A network of another program, recognised: which method of ours holds it, with which settings, and its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What `saddlepoint.methods` needs to hold a foreign network.

    origin: the program that it comes from. what: the network in words.
    method, options: ours, with the settings that its shapes tell; all others are defaults and say nothing of how it was
        trained. shape: of its images.
    weights: by name among the method's networks, each a state dict by our names.
    remarks: what the user should know, a sentence each.
    classes: how many the generator makes, 0 where none can be chosen. Files do not name them.
    """

    origin: str
    what: str
    method: str
    options: Mapping[str, Any]
    shape: tuple[int, int, int]
    weights: Mapping[str, Mapping[str, Tensor]]
    remarks: tuple[str, ...] = field(default=())
    classes: int = 0
