"""Watches for figures that are no longer finite without reading them back from the device at every step."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

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
        for layout, first in self._first.items():
            steps = layout.unpack(first)
            bad = {name: int(value[value >= 0].min()) for name, value in steps.items() if bool((value >= 0).any())}
            if bad:
                name = min(bad, key=lambda n: bad[n])
                raise DivergedError(f"{name} was not finite at step {bad[name]}.")

    def check(self, nets: nn.Module) -> None:
        """The same, and for every weight: a gradient can break a weight before any loss shows it."""
        self.check_losses()
        named = [(name, value) for name, value in nets.state_dict().items() if value.is_floating_point()]
        flags = torch.stack([torch.isfinite(value).all() for _, value in named]).tolist()
        broken = [name for (name, _), fine in zip(named, flags) if not fine]
        if broken:
            raise DivergedError(f"the weights of {broken[0]} are not finite.")
