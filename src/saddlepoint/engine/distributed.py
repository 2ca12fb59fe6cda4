"""The machine a run is on: its device, its number format and its fellow processes. Nothing else knows which.

Launch, rendezvous and restart are torchrun's; autocast and the gradient scaler are torch's. Networks are not wrapped: a
GAN in DistributedDataParallel breaks where a critic with batch norm runs forward twice before one backward.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, final

import torch
from torch import Tensor, distributed, nn

from saddlepoint.errors import ConfigError

DEVICE = "auto"
"""the device that commands work on where none is named"""


class Machine(Protocol):
    """What the engine asks of a machine."""

    rank: int
    world: int
    device: torch.device
    precision: str
    """float32, bf16 or fp16"""

    def autocast(self) -> AbstractContextManager[object]:
        """The number format for forward passes; entered around each piece of a step, never held across a yield."""
        ...

    def scaler(self) -> torch.amp.GradScaler:
        """A new gradient scaler; it does nothing unless the precision is fp16."""
        ...

    def sum_(self, flat: Tensor) -> None:
        """Sum over ranks, in place."""
        ...

    def shard(self, nets: nn.Module) -> None:
        """Share out weights, gradients and moments over ranks, in place."""
        ...

    def barrier(self) -> None:
        """Wait for all ranks."""
        ...

    def close(self) -> None:
        """Leave the group of processes."""
        ...


@final
class TorchMachine:
    """Plain torch on one device, alone or as one of torchrun's processes."""

    def __init__(self, device: str = "auto", precision: str = "auto") -> None:
        self.rank, self.world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        self.device = device_named(device)
        self.precision = _precision(precision, self.device)
        if self.device.type == "cuda":
            torch.cuda.set_device(self.device)
        self._joined = self.world > 1 and not distributed.is_initialized()
        if self._joined:
            distributed.init_process_group("nccl" if self.device.type == "cuda" else "gloo")

    def autocast(self) -> AbstractContextManager[object]:
        """See Machine."""
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16 if self.precision == "bf16" else torch.float16)

    def scaler(self) -> torch.amp.GradScaler:
        """See Machine."""
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == "fp16")

    def sum_(self, flat: Tensor) -> None:
        """See Machine."""
        if self.world > 1:
            distributed.all_reduce(flat)

    def shard(self, nets: nn.Module) -> None:
        """See Machine. Raises ConfigError where there is nothing to share out over."""
        if self.world == 1:
            raise ConfigError("--shard needs several processes: torchrun --nproc-per-node 2 --no-python saddle ...")
        if self.precision == "fp16":
            raise ConfigError("--shard works with bf16 and float32, not with fp16: use --precision bf16.")
        if self.device.type == "cpu" and not hasattr(torch.cpu.Stream, "record_event"):
            raise ConfigError(
                f"torch {torch.__version__} can share weights out over GPUs alone: --shard needs a newer one."
            )
        from torch.distributed.device_mesh import init_device_mesh

        from saddlepoint.engine.sharding import shard

        shard(nets, init_device_mesh(self.device.type, (self.world,)))

    def barrier(self) -> None:
        """See Machine."""
        if self.world > 1:
            distributed.barrier()

    def close(self) -> None:
        """See Machine."""
        if self._joined and distributed.is_initialized():
            distributed.destroy_process_group()


def device_named(name: str) -> torch.device:
    """The device of a name; "auto" for the best that this machine has. Raises ConfigError where it has none such."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"no device is called {name!r}; use cpu, cuda, cuda:1, mps or auto.") from error
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise ConfigError("this machine, or this build of torch, has no CUDA device; use --device cpu.")
        if device.index is None:
            device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
        if device.index >= torch.cuda.device_count():
            raise ConfigError(f"there is no {device}; this machine has {torch.cuda.device_count()} CUDA devices.")
    elif device.type == "mps" and not torch.backends.mps.is_available():
        raise ConfigError("this machine has no MPS device; use --device cpu.")
    elif device.type not in ("cpu", "mps"):
        raise ConfigError(f"{name!r} is not a device that is supported; use cpu, cuda, mps or auto.")
    return device


def _precision(name: str, device: torch.device) -> str:
    if name == "auto":
        fast = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
        return "bf16" if fast else "float32"
    if name == "fp16" and device.type != "cuda":
        raise ConfigError(f"fp16 needs a CUDA device; on {device.type} use --precision bf16 or float32.")
    return name
