"""Networks too large for one device: weights, gradients and moments shared out over processes, activations recomputed.

Sharding is torch's own `fully_shard` (FSDP2; Zhao et al. 2023, arXiv:2304.11277): each child of a network is gathered
when it is called and let go again, so a network is called through its children or as a whole, and no child's weights
are used from outside of it. Checkpoints hold whole tensors, as those of a run on one device.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping

from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.utils.checkpoint import checkpoint

from saddlepoint.errors import MethodError


def shard(nets: nn.Module, mesh: DeviceMesh) -> None:
    """Share out the weights of each child of each network over `mesh`, in place.

    Weights that lie in a network itself stay whole. Memory formats are lost: torch shards contiguous tensors alone.
    """
    from torch.distributed.fsdp import fully_shard

    for network in nets.children():
        for unit in _units(network):
            for parameter in unit.parameters():
                parameter.data = parameter.data.contiguous()
            fully_shard(unit, mesh=mesh)


def _units(network: nn.Module) -> Iterator[nn.Module]:
    """The children that can be called and have weights; of lists of modules their members."""
    for child in network.children():
        if isinstance(child, nn.ModuleList | nn.ModuleDict):
            yield from _units(child)
        elif any(True for _ in child.parameters()):
            yield child


def is_shard(tensor: Tensor) -> bool:
    """Whether a tensor is one process's share of a whole."""
    return hasattr(tensor, "full_tensor")


def whole(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors as they are on one device. All processes must ask at the same time."""
    return {name: value.full_tensor() if is_shard(value) else value for name, value in tensors.items()}  # type: ignore[attr-defined]


def shared_as(value: Tensor, like: Tensor) -> Tensor:
    """A whole tensor shared out as `like` is, or as it is where `like` is whole."""
    if not is_shard(like):
        return value
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements)  # type: ignore[attr-defined]


def recompute(nets: nn.Module, paths: Iterable[str]) -> None:
    """Have modules, as "network.path", compute their activations again in backward instead of keeping them; of a list
    of modules each of its members.

    Raises MethodError for a path that is not there, and for batch norm, whose statistics would move twice.
    """
    for path in paths:
        try:
            module = nets.get_submodule(path)
        except AttributeError as error:
            raise MethodError(f"`checkpoints` names {path!r}, which is no module of these networks.") from error
        if any(isinstance(inner, nn.modules.batchnorm._BatchNorm) for inner in module.modules()):
            raise MethodError(f"{path} has batch norm, whose statistics would move twice: leave out --recompute.")
        for part in module if isinstance(module, nn.ModuleList) else (module,):
            part.forward = functools.partial(checkpoint, part.forward, use_reentrant=False)
