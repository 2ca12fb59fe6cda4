"""Networks out of a file: drawn without their numbers, held against what the file declares, and only then made.

So settings that ask for more than the file holds cost nothing, and loading draws no first weights that are thrown away.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._device import _device_constructors

from saddlepoint.data.batches import DataSpec
from saddlepoint.engine.trainer import check_fit, load_networks
from saddlepoint.errors import CheckpointError
from saddlepoint.methods.base import Method, Networks
from saddlepoint.storage.plain import Unfit
from saddlepoint.storage.tensors import Declared

_SMALL = 4096
"""numbers of a tensor that is made at once, since it may be a constant that no file holds, such as a filter"""
_CALLS, _CALLS_EACH = 5_000, 200
"""calls of torch that drawing may take, in all and for each tensor of the file"""
# Without numbers torch imports its compiler or sympy, which takes seconds, for what leaves a tensor as it is.
_DRAWS = (torch.randn, torch.rand)
_IN_PLACE = (Tensor.normal_, nn.init.normal_, Tensor.mul_, Tensor.div_)
_BY_A_NUMBER = (Tensor.mul, Tensor.div, Tensor.add, Tensor.sub)
_ROOM, _TIMES = 1 << 30, 64
"""bytes that networks which cannot be drawn without numbers may have, beside so many times the file's"""


def networks(
    method: Method, spec: DataSpec, declared: Mapping[str, Declared], tensors: Callable[[], Mapping[str, Tensor]]
) -> Networks:
    """The networks that a file has weights of, with these, on the CPU.

    declared: what the file says of its tensors, by "network.path". tensors: reads them.
    Raises Unfit for weights that do not fit the settings, are of another kind of numbers or are not finite.
    """
    calls = _CALLS + _CALLS_EACH * len(declared)
    with torch.random.fork_rng(devices=[]):
        drawn = outline(method, spec, calls) or method.networks(spec)
        names = [name for name, _ in drawn.named_children() if any(key.startswith(f"{name}.") for key in declared)]
        nets = Networks(**{name: drawn.get_submodule(name) for name in names})
        _check(nets, declared)
        if any(map(_is_constant, nets.modules())):
            size = sum(value.numel() * value.element_size() for value in drawn.state_dict().values())
            if size > _ROOM + _TIMES * sum(entry.nbytes for entry in declared.values()):
                raise Unfit("its settings ask for networks that are far larger than its weights")
            whole = method.networks(spec)
            nets = Networks(**{name: whole.get_submodule(name) for name in names})
    nets._apply(_with_room)
    load_networks(nets, tensors())
    for name, value in nets.state_dict().items():
        if value.is_floating_point() and not value.isfinite().all():
            raise Unfit(f"{name} holds numbers that are not finite")
    return nets


def _with_room(value: Tensor) -> Tensor:
    """The same tensor with memory on the CPU; `empty_like` would import sympy for it."""
    return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype) if value.is_meta else value


def outline(method: Method, spec: DataSpec, calls: int) -> Networks | None:
    """The networks without their numbers, which costs no memory; torch's generator may move.

    None where a method's own code looks at numbers while it builds. calls: of torch, after which Unfit is raised.
    """
    try:
        with _Drawing(calls):
            return method.networks(spec)
    except (NotImplementedError, RuntimeError):
        return None


def _check(nets: Networks, declared: Mapping[str, Declared]) -> None:
    own = nets.state_dict()
    try:
        check_fit(own, declared)
    except CheckpointError as error:
        raise Unfit(str(error).rstrip(".")) from error
    for name, value in own.items():
        there = declared[name].dtype
        if there != value.dtype and not (there.is_floating_point and value.dtype.is_floating_point):
            kinds = (str(kind).removeprefix("torch.") for kind in (there, value.dtype))
            raise Unfit("{} is of the kind {}, where {} belongs".format(name, *kinds))


def _is_constant(module: nn.Module) -> bool:
    """Whether a layer has large numbers that no file holds, which only making it anew brings."""
    hidden = [module._buffers.get(name) for name in module._non_persistent_buffers_set]
    return any(isinstance(value, Tensor) and value.is_meta for value in (*hidden, *vars(module).values()))


@final
class _Drawing(TorchFunctionMode):
    """Within it, torch makes large tensors without numbers, and no more than so many calls are made of it."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.left = calls
        self.makers = _device_constructors()

    def __torch_function__(
        self, function: Any, types: Any, arguments: tuple[Any, ...] = (), keywords: dict[str, Any] | None = None
    ) -> Any:
        keywords = keywords or {}
        self.left -= 1
        if self.left < 0:
            raise Unfit("its settings ask for more layers than it has weights for")
        if function in self.makers and keywords.get("device") is None:
            elsewhere = {name: value for name, value in keywords.items() if name != "generator"}
            make = torch.empty if function in _DRAWS else function
            drawn = make(*arguments, **{**elsewhere, "device": "meta"})
            if math.prod(drawn.shape) > _SMALL:
                return drawn
        tensor = arguments[0] if arguments else keywords.get("tensor")
        if isinstance(tensor, Tensor) and tensor.is_meta:
            if function in _IN_PLACE:
                return tensor
            number = arguments[1] if len(arguments) == 2 else None
            if function in _BY_A_NUMBER and tensor.is_floating_point() and isinstance(number, int | float):
                return tensor.detach()
        return function(*arguments, **keywords)
