"""Watches for figures that are no longer finite without reading them back from the device at every step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor

from saddlepoint.engine.moves import Layout
from saddlepoint.errors import DivergedError, MethodError

MOST = 32
"""moves that are looked at together"""
_NEVER = torch.iinfo(torch.int64).max


@final
class Finite:
    """Remembers, on the device, the first step at which each figure of each kind of move was not finite.

    Moves are looked at several at a time: one by one, small networks would spend a tenth of their time on it.
    """

    def __init__(self) -> None:
        self._first: dict[Layout, Tensor] = {}
        self._waiting: dict[Layout, tuple[list[int], list[Tensor]]] = {}

    def watch(self, step: int, layout: Layout, figures: Tensor) -> None:
        """Take the figures of one move."""
        steps, moves = self._waiting.setdefault(layout, ([], []))
        steps.append(step)
        moves.append(figures)
        if len(steps) >= MOST:
            self._look(layout)

    def _look(self, layout: Layout) -> None:
        """Look at the moves of one kind that wait."""
        steps, moves = self._waiting.pop(layout)
        figures = torch.stack(moves)  # [moves, figures]
        at = torch.tensor(steps, device=figures.device)[:, None]
        first = torch.where(torch.isfinite(figures), _NEVER, at).amin(0)
        before = self._first.get(layout)
        self._first[layout] = first if before is None else torch.minimum(before, first)

    def check_losses(self) -> None:
        """Raises DivergedError with the first step and term; reads the flags back."""
        for layout in list(self._waiting):
            self._look(layout)
        bad: list[tuple[int, str]] = []
        for layout, first in self._first.items():
            steps = layout.unpack(first.cpu())
            bad += [(int(value.min()), name) for name, value in steps.items() if value.numel() and value.min() < _NEVER]
        if bad:
            step, name = min(bad, key=lambda entry: entry[0])  # of one step, the first in the order of moves
            raise DivergedError(f"{name} was not finite at step {step}.")


def check_new(tensors: Mapping[str, Tensor], method: str) -> None:
    """Raises MethodError naming the first tensor of new networks that is not finite, since no checkpoint may hold one.

    method: its name, for the sentence.
    """
    name = _first_broken(tensors)
    if name is not None:
        raise MethodError(
            f"{name} of {method} is not finite before the first step: give it finite numbers, such as -1e9 for a mask, "
            "or register it with persistent=False, so that no checkpoint holds it."
        )


def check_tensors(tensors: Mapping[str, Tensor], step: int) -> None:
    """Raises DivergedError naming the first of a run's tensors that is not finite.

    A gradient can break a weight before any loss shows it, or overflow a moment and so stop its weight for good.
    """
    name = _first_broken(tensors)
    if name is not None:
        raise DivergedError(f"{name} is not finite after step {step}.")


def _first_broken(tensors: Mapping[str, Tensor]) -> str | None:
    named = [(name, value) for name, value in tensors.items() if value.is_floating_point() and not value.is_meta]
    if not named:
        return None
    flags = torch.stack([torch.isfinite(value).all() for _, value in named]).tolist()
    return next((name for (name, _), fine in zip(named, flags) if not fine), None)
