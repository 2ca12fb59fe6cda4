"""Watches for figures that are no longer finite without reading them back from the device at every step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor

from saddlepoint.engine.moves import Layout
from saddlepoint.errors import DivergedError


@final
class Finite:
    """Remembers, on the device, the first step at which each figure of each kind of move was not finite."""

    def __init__(self) -> None:
        self._first: dict[Layout, Tensor] = {}

    def watch(self, step: int, layout: Layout, figures: Tensor) -> None:
        """Look at the figures of one move."""
        first = self._first.get(layout)
        if first is None:
            first = torch.full(figures.shape, -1, dtype=torch.int64, device=figures.device)
        self._first[layout] = torch.where((first < 0) & ~torch.isfinite(figures), step, first)

    def check_losses(self) -> None:
        """Raises DivergedError with the first step and term; reads the flags back."""
        bad: list[tuple[int, str]] = []
        for layout, first in self._first.items():
            steps = layout.unpack(first.cpu())
            bad += [(int(value[value >= 0].min()), name) for name, value in steps.items() if bool((value >= 0).any())]
        if bad:
            step, name = min(bad, key=lambda entry: entry[0])  # of one step, the first in the order of moves
            raise DivergedError(f"{name} was not finite at step {step}.")


def check_tensors(tensors: Mapping[str, Tensor], step: int) -> None:
    """Raises DivergedError naming the first of a run's tensors that is not finite.

    A gradient can break a weight before any loss shows it, or overflow a moment and so stop its weight for good.
    """
    named = [(name, value) for name, value in tensors.items() if value.is_floating_point()]
    flags = torch.stack([torch.isfinite(value).all() for _, value in named]).tolist()
    broken = [name for (name, _), fine in zip(named, flags) if not fine]
    if broken:
        raise DivergedError(f"{broken[0]} is not finite after step {step}.")
