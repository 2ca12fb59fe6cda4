"""A network of another program, recognised: which method of ours holds it, with which settings, and its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from saddlepoint.data.batches import DataSpec
from saddlepoint.kinds.kind import Kind


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What `saddlepoint.methods` needs to hold a foreign network.

    origin: the program that it comes from. what: the network in words.
    method, options: ours, with the settings that its shapes tell; all others are defaults and say nothing of how it was
        trained. shape: of its images, (0, 0, 0) where there are none. fields: what its examples are, where they are no
        images alone.
    weights: by name among the method's networks, each a state dict by our names.
    remarks: what the user should know, a sentence each.
    classes: how many it makes or names, 0 where there are none. Files do not name them.
    """

    origin: str
    what: str
    method: str
    options: Mapping[str, Any]
    shape: tuple[int, int, int]
    weights: Mapping[str, Mapping[str, Tensor]]
    remarks: tuple[str, ...] = field(default=())
    classes: int = 0
    fields: Mapping[str, Kind] = field(default_factory=dict)

    @property
    def spec(self) -> DataSpec:
        """What the method may know of the data; classes are called by their numbers, since files say no more."""
        classes = tuple(map(str, range(self.classes)))
        return DataSpec(self.fields, classes) if self.fields else DataSpec.of(self.shape, classes)
