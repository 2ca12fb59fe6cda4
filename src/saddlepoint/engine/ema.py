"""Averages of weights, counted in examples. Karras et al. 2018, arXiv:1710.10196, section 5."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import final

import torch
from torch import Tensor, nn

from saddlepoint.engine.sharding import is_shard
from saddlepoint.errors import MethodError
from saddlepoint.methods.base import Clock, Ema, Networks, at


@final
class Average:
    """Averaged copies of some networks, in evaluation mode; `nets` shows them beside the live others."""

    def __init__(self, live: Networks, spec: Ema) -> None:
        self.spec, self.live = spec, live
        known = dict(live.named_children())
        for name in spec.networks:
            if name not in known:
                raise MethodError(f"the average names {name!r}; the networks are {', '.join(known)}.")
        self.copies = {name: copy.deepcopy(known[name]).eval().requires_grad_(False) for name in spec.networks}
        self.nets = Networks(**{**known, **self.copies})

    def half_life(self, clock: Clock) -> float:
        """Examples after which an old weight counts half, at `clock`."""
        longest, ramp = at(self.spec.half_life, clock), self.spec.ramp
        return longest if ramp is None else min(longest, ramp * clock.examples)

    @torch.no_grad()
    def update(self, batch: int, clock: Clock) -> None:
        """Move towards the live weights after a step of `batch` examples; `clock` counts them already."""
        decay = 0.5 ** (batch / max(self.half_life(clock), 1e-8))
        averaged, live = [], []
        for name, copied in self.copies.items():
            for old, new in zip(_tensors(copied), _tensors(self.live.get_submodule(name))):
                new = new.full_tensor() if is_shard(new) else new  # type: ignore[attr-defined]
                if old.is_floating_point():
                    averaged.append(old)
                    live.append(new)
                else:
                    old.copy_(new)
        torch._foreach_lerp_(averaged, live, 1.0 - decay)

    def renew(self, path: str, rows: Tensor) -> None:
        """Take rows of a parameter "network.path" as they are now; they stand for something else than before."""
        name, _, inner = path.partition(".")
        if name in self.copies:
            self.copies[name].get_parameter(inner)[rows] = self.live.get_submodule(name).get_parameter(inner)[rows]


def _tensors(network: nn.Module) -> Iterator[Tensor]:
    yield from network.parameters()
    yield from network.buffers()
