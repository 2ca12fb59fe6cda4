"""How much memory a run will need, measured on two images: what is held for backward grows with the micro-batch."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from saddlepoint.engine.trainer import Trainer
from saddlepoint.methods.base import Adam, Closed, Optim

PROBE = 2
"""images the estimate is made with, or one where a micro-batch has no more"""


@dataclass(frozen=True)
class Memory:
    """An estimate in bytes. Workspace of the kernels and of torch itself comes on top."""

    weights: int
    gradients: int
    moments: int
    averages: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.moments + self.averages + self.activations


def estimate(trainer: Trainer) -> Memory:
    """What training will hold at once on each device. Spends one step's arithmetic on two images; nothing moves."""
    weights = _bytes([*trainer.nets.parameters(), *trainer.nets.buffers()])
    moved = {name: _bytes(list(group.parameters.values())) for name, group in trainer.groups.items()}
    averages = 0
    if trainer.average is not None:
        live = {id(p) for p in trainer.nets.parameters()}
        averages = _bytes([p for p in trainer.average.parameters() if id(p) not in live])
    moments = sum(size * _moments(trainer.groups[name].spec) for name, size in moved.items())
    micro = trainer.settings.batch // (trainer.settings.accumulate * trainer.machine.world)
    probe = min(PROBE, micro)
    return Memory(
        weights, max(moved.values(), default=0), moments, averages, _activations(trainer, probe) * micro // probe
    )


def _moments(spec: Optim) -> int:
    """Tensors the size of the weights that an optimiser keeps."""
    if isinstance(spec, Closed):
        return 0
    if isinstance(spec, Adam):
        return 2
    return 1 if getattr(spec, "momentum", 1.0) else 0


def _activations(trainer: Trainer, images: int) -> int:
    """Bytes held for backward at the fullest moment of a step on so many images."""
    counter = _Counter()
    flow = trainer.flow(images)
    try:
        with torch.autograd.graph.saved_tensors_hooks(counter.pack, _Counted.unpack):
            report = None
            while (move := trainer.mover.differentiate([flow], report)) is not None:
                report = move[0].unpack(move[1])
    finally:
        flow.close()
    trainer.nets.zero_grad(set_to_none=True)
    return counter.peak


@final
class _Counter:
    """Counts the bytes of the tensors that autograd keeps; one that is kept twice counts once."""

    def __init__(self) -> None:
        self.live = self.peak = 0
        self.counts: Counter[int] = Counter()

    def pack(self, tensor: Tensor) -> _Counted:
        return _Counted(tensor, self)


@final
class _Counted:
    """A tensor that autograd keeps; says when it is let go."""

    def __init__(self, tensor: Tensor, counter: _Counter) -> None:
        self.tensor, self.counter = tensor, counter
        self.where, self.size = tensor.untyped_storage().data_ptr(), tensor.untyped_storage().nbytes()
        self.counted = not isinstance(tensor, torch.nn.Parameter)
        if self.counted:
            counter.counts[self.where] += 1
            if counter.counts[self.where] == 1:
                counter.live += self.size
                counter.peak = max(counter.peak, counter.live)

    def unpack(self) -> Tensor:
        return self.tensor

    def __del__(self) -> None:
        if self.counted:
            self.counter.counts[self.where] -= 1
            if not self.counter.counts[self.where]:
                self.counter.live -= self.size


def _bytes(tensors: list[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
