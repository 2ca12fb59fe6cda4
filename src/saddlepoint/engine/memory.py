"""How much memory a run will need, measured on two images: what is held for backward grows with the micro-batch."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import final

import psutil
import torch
from torch import Tensor

from saddlepoint.engine.trainer import Trainer
from saddlepoint.methods.base import Adam, Closed, Optim

PROBE = 2
"""images the estimate is made with, or one where a micro-batch has no more"""


@dataclass(frozen=True)
class Memory:
    """An estimate in bytes. Workspace of the kernels and of torch itself comes on top.

    fits: whether the images that it was made with fit into what was free. whole: whether the activations were counted
    to the end of a step, and not only as far as the memory reached.
    """

    weights: int
    gradients: int
    moments: int
    averages: int
    activations: int
    fits: bool = True
    whole: bool = True

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.moments + self.averages + self.activations


def estimate(trainer: Trainer) -> Memory:
    """What training will hold at once on each device. Spends one step's arithmetic on two images; nothing moves.

    What does not fit into the memory of this machine is counted and let go, so that the estimate does not need it.
    """
    weights = _bytes([*trainer.nets.parameters(), *trainer.nets.buffers()])
    moved = {name: _bytes(list(group.parameters.values())) for name, group in trainer.groups.items()}
    averages = 0
    if trainer.average is not None:
        live = {id(p) for p in trainer.nets.parameters()}
        averages = _bytes([p for p in trainer.average.parameters() if id(p) not in live])
    moments = sum(size * _moments(trainer.groups[name].spec) for name, size in moved.items())
    micro = trainer.settings.batch // (trainer.settings.accumulate * trainer.machine.world)
    probe = min(PROBE, micro)
    counter, whole = _activations(trainer, probe)
    gradients = max(moved.values(), default=0)
    return Memory(
        weights, gradients, moments, averages, counter.peak * micro // probe, fits=whole and counter.fits, whole=whole
    )


def free_bytes(device: torch.device) -> int:
    """What a device has free, or for what is no GPU of its own this machine."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def _moments(spec: Optim) -> int:
    """Tensors the size of the weights that an optimiser keeps."""
    if isinstance(spec, Closed):
        return 0
    if isinstance(spec, Adam):
        return 2
    return 1 if getattr(spec, "momentum", 1.0) else 0


def _activations(trainer: Trainer, images: int) -> tuple[_Counter, bool]:
    """What is held for backward at the fullest moment of a step on so many images, and whether the step was ended."""
    free, whole = free_bytes(trainer.machine.device), True
    counter = _Counter(free // 2)
    flow = trainer.flow(images)
    try:
        with _within(free), torch.autograd.graph.saved_tensors_hooks(counter.pack, _Counted.unpack):
            report = None
            while (move := trainer.mover.differentiate([flow], report)) is not None:
                report = move[0].unpack(move[1])
    except Exception as error:
        if counter.fits and not _is_lack_of_memory(error):  # zeros in place of what was let go may fail anywhere
            raise
        whole = False
    finally:
        flow.close()
    trainer.nets.zero_grad(set_to_none=True)
    return counter, whole


def _is_lack_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error)


@contextmanager
def _within(room: int) -> Iterator[None]:
    """Refuse this process more than so many further bytes, on Linux; else it might be ended for taking them."""
    if sys.platform != "linux" or torch.cuda.is_available():  # a GPU's driver reserves addresses without end
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    most = psutil.Process().memory_info().vms + room
    if before[1] != resource.RLIM_INFINITY:
        most = min(most, before[1])
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@final
class _Counter:
    """Counts the bytes of the tensors that autograd keeps; one that is kept twice counts once.

    room: bytes from where on what is kept is counted alone, and its values are let go. fits: whether that was enough.
    """

    def __init__(self, room: int) -> None:
        self.room, self.fits = room, True
        self.live = self.peak = 0
        self.counts: Counter[int] = Counter()

    def pack(self, tensor: Tensor) -> _Counted:
        return _Counted(tensor, self)


@final
class _Counted:
    """A tensor that autograd keeps; says when it is let go."""

    def __init__(self, tensor: Tensor, counter: _Counter) -> None:
        self.counter = counter
        self.tensor: Tensor | None = tensor
        self.like = (tensor.shape, tensor.dtype, tensor.device)
        self.where, self.size = tensor.untyped_storage().data_ptr(), tensor.untyped_storage().nbytes()
        self.counted = not isinstance(tensor, torch.nn.Parameter)
        if self.counted:
            counter.counts[self.where] += 1
            if counter.counts[self.where] == 1:
                counter.live += self.size
                counter.peak = max(counter.peak, counter.live)
            if counter.live > counter.room:
                counter.fits, self.tensor = False, None

    def unpack(self) -> Tensor:
        shape, dtype, device = self.like
        return torch.zeros(shape, dtype=dtype, device=device) if self.tensor is None else self.tensor

    def __del__(self) -> None:
        if self.counted:
            self.counter.counts[self.where] -= 1
            if not self.counter.counts[self.where]:
                self.counter.live -= self.size


def _bytes(tensors: list[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
