"""Optimisers from their specifications: fused where torch can, state kept by parameter name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import torch
from torch import Tensor, nn

from saddlepoint.engine.distributed import Machine
from saddlepoint.engine.sharding import is_shard, shared_as
from saddlepoint.errors import CheckpointError, MethodError
from saddlepoint.methods.base import (
    SGD,
    Adam,
    AdamW,
    Clock,
    Closed,
    Held,
    Networks,
    Optim,
    Rate,
    RMSProp,
    at,
)


@final
class Group:
    """One optimiser with its parameters by name ("network.path") and its own gradient scaler.

    A `Closed` group has neither parameters nor an optimiser: `after_step` moves its networks.
    """

    def __init__(self, name: str, spec: Optim, nets: Networks, machine: Machine, clip: float | None) -> None:
        self.name, self.spec, self._nets = name, spec, nets
        self.clip = clip if spec.clip is None else spec.clip
        self.closed = isinstance(spec, Closed)
        self.parameters = _parameters(name, spec, nets)
        self.scaler = machine.scaler()
        own = set(self.parameters.values())
        self.sharded = any(map(is_shard, own))
        self.others = [parameter for parameter in nets.parameters() if parameter not in own] if self.sharded else []
        """where a sharded group's backward leaves gradients that are not its own"""
        self._own = [1.0, *(part.rate for part in spec.parts)]
        for rate in (spec.lr, *self._own):
            _check_held(name, rate, nets)
        parts = _entries(spec, _parts(name, spec, self.parameters, _frozen(spec, nets)))
        self._parts = [part for part, _ in parts]
        self.optimiser = None if self.closed else _build(spec, [entry for _, entry in parts], machine.device)
        self.set_rates(Clock(), 1.0)

    def set_rates(self, clock: Clock, factor: float) -> None:
        """What the specification says for this time: betas, and the learning rate of each part times `factor`."""
        if self.optimiser is None:
            return
        rates, rate = _betas(self.spec, clock), self._rate(self.spec.lr, clock) * _share(self.spec)
        for entry, part in zip(self.optimiser.param_groups, self._parts, strict=True):
            entry |= rates
            entry["lr"] = rate * (factor * self._rate(self._own[part], clock))

    def _rate(self, rate: Rate, clock: Clock) -> float:
        return float(_buffer(rate, self._nets)) if isinstance(rate, Held) else at(rate, clock)

    def rate(self) -> float:
        """The learning rate of the last step, of what is in no part with a rate of its own."""
        return 0.0 if self.optimiser is None else float(self.optimiser.param_groups[0]["lr"])

    def forget(self) -> None:
        """Drop all moments: the next step begins anew."""
        if self.optimiser is not None:
            self.optimiser.state.clear()

    def forget_rows(self, rows: Tensor | Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Set the moments of some rows to zero. rows: indices or a mask, of all parameters or of each by its path.

        Returns them by parameter. Raises MethodError for a path or a row that is not there.
        """
        by_path = rows if isinstance(rows, Mapping) else dict.fromkeys(self.parameters, rows)
        for path, mask in by_path.items():
            if path not in self.parameters:
                known = ", ".join(self.parameters)
                raise MethodError(f"after_step names {path!r}, which group {self.name} does not move; it has {known}.")
            parameter = self.parameters[path]
            if is_shard(parameter):
                raise MethodError(f"rows of {path} cannot be reset while its weights are sharded: leave out --shard.")
            _check_rows(path, parameter, mask)
            state = {} if self.optimiser is None else self.optimiser.state.get(parameter, {})
            for value in state.values():
                if isinstance(value, Tensor) and value.shape == parameter.shape:
                    value[mask] = 0
        return dict(by_path)

    def unscale(self) -> None:
        """In fp16, take the scale of the loss out of the gradients."""
        if self.optimiser is not None and self.scaler.is_enabled():
            self.scaler.unscale_(self.optimiser)

    def clip_gradients(self) -> None:
        """Bound the norm of the whole gradient, where a bound is set."""
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self.parameters.values(), self.clip, foreach=True)

    def step(self) -> None:
        """Move the parameters; in fp16 not at all where a gradient overflowed. Tell autograd that they moved."""
        if self.optimiser is None:
            return
        self.scaler.step(self.optimiser)
        self.scaler.update()
        # Fused kernels do not bump versions, so a graph held across the step would give wrong gradients silently.
        torch.autograd.graph.increment_version([p for p in self.parameters.values() if p.grad is not None])

    def tensors(self) -> dict[str, Tensor]:
        """Moments and counters by "parameter/key"; a parameter that never had a gradient has none."""
        state: Mapping[Any, Any] = {} if self.optimiser is None else self.optimiser.state
        return {
            f"{name}/{key}": value
            for name, parameter in self.parameters.items()
            for key, value in state.get(parameter, {}).items()
            if isinstance(value, Tensor)
        }

    def restore(self, saved: Mapping[str, Tensor]) -> None:
        """Take back what `tensors` gave. Raises CheckpointError for a parameter that is not here."""
        self.forget()
        for name, value in saved.items():
            path, key = name.rsplit("/", 1)
            if path not in self.parameters or self.optimiser is None:
                raise CheckpointError(f"the checkpoint moves {path}, which group {self.name} does not have.")
            parameter = self.parameters[path]
            if key == "step":
                fused = self.optimiser.defaults.get("fused")
                own = value.to(parameter.device if fused else "cpu", copy=True)
            else:  # a fused kernel reads the moments in the weight's own memory format, whatever theirs is
                own = torch.empty_like(parameter).copy_(shared_as(value, parameter))
            self.optimiser.state[parameter][key] = own


def _parameters(name: str, spec: Optim, nets: Networks) -> dict[str, nn.Parameter]:
    known = dict(nets.named_children())
    moved: dict[str, nn.Parameter] = {}
    for network in spec.networks:
        if network not in known:
            raise MethodError(f"group {name!r} moves {network!r}; the networks are {', '.join(known)}.")
        moved |= {f"{network}.{path}": p for path, p in known[network].named_parameters() if p.requires_grad}
    if isinstance(spec, Closed):
        return {}
    if not moved:
        raise MethodError(f"group {name!r} has no parameter to move.")
    return moved


def _frozen(spec: Optim, nets: Networks) -> list[str]:
    """The weights of a group's networks that are taken out of training."""
    known = dict(nets.named_children())
    return [f"{n}.{path}" for n in spec.networks for path, p in known[n].named_parameters() if not p.requires_grad]


def _parts(
    name: str, spec: Optim, parameters: Mapping[str, nn.Parameter], frozen: list[str]
) -> list[list[nn.Parameter]]:
    """What is in no part of the specification, then each part, which is empty where all of it is frozen."""
    rest = dict(parameters)
    parts: list[list[nn.Parameter]] = []
    for part in spec.parts:
        parts.append([])
        for path in part.paths:
            inside = [own for own in rest if own == path or own.startswith(f"{path}.")]
            if not inside and not any(own == path or own.startswith(f"{path}.") for own in frozen):
                raise MethodError(
                    f"a part of group {name!r} names {path!r}, where it moves nothing that no earlier part has; its"
                    f" paths are like {next(iter(parameters))!r}."
                )
            parts[-1] += [rest.pop(own) for own in inside]
    return [list(rest.values()), *parts]


def _entries(spec: Optim, parts: list[list[nn.Parameter]]) -> list[tuple[int, dict[str, Any]]]:
    """Torch's groups of parameters, each with the number of its part; under AdamW only matrices decay."""
    if not isinstance(spec, AdamW):
        return [(number, {"params": part}) for number, part in enumerate(parts)]
    entries: list[tuple[int, dict[str, Any]]] = []
    for number, part in enumerate(parts):
        matrices = [parameter for parameter in part if parameter.dim() >= 2]
        others = [parameter for parameter in part if parameter.dim() < 2]
        entries += [(number, {"params": matrices}), (number, {"params": others, "weight_decay": 0.0})]
    return entries


def _betas(spec: Optim, clock: Clock) -> dict[str, Any]:
    if not isinstance(spec, Adam):
        return {}
    first, second = (at(beta, clock) ** _share(spec) for beta in spec.betas)
    return {"betas": (first, second)}


def _share(spec: Optim) -> float:
    """The correction for a lazy regulariser, which moves in every `lazy` + 1st step only."""
    lazy = getattr(spec, "lazy", None)
    return 1.0 if lazy is None else lazy / (lazy + 1)


def _build(spec: Optim, entries: list[dict[str, Any]], device: torch.device) -> torch.optim.Optimizer:
    common: dict[str, Any] = {"lr": 0.0, "weight_decay": spec.weight_decay, **_betas(spec, Clock())}
    fused: dict[str, Any] = {"fused": device.type in ("cpu", "cuda")}
    if isinstance(spec, AdamW):
        return torch.optim.AdamW(entries, eps=spec.eps, **common, **fused)
    if isinstance(spec, Adam):
        return torch.optim.Adam(entries, eps=spec.eps, **common, **fused)
    if isinstance(spec, SGD):
        fused["fused"] &= not spec.momentum  # the fused kernel cannot take in a parameter that wakes later
        return torch.optim.SGD(entries, momentum=spec.momentum, **common, **fused)
    if isinstance(spec, RMSProp):
        return torch.optim.RMSprop(entries, alpha=spec.alpha, eps=spec.eps, **common)
    raise MethodError(f"{type(spec).__name__} is no optimiser that the engine knows.")


def _check_held(name: str, rate: Rate, nets: Networks) -> None:
    if isinstance(rate, Held) and _buffer(rate, nets).numel() != 1:
        raise MethodError(f"the rate of group {name!r} is held by {rate.buffer!r}, which is more than one number.")


def _buffer(rate: Held, nets: Networks) -> Tensor:
    """The buffer that holds a rate, looked up anew: a method may have put another tensor in its place."""
    buffers = dict(nets.named_buffers())
    if rate.buffer in buffers:
        return buffers[rate.buffer]
    own = [value for path, value in buffers.items() if path.startswith(f"{rate.buffer}.")]
    if len(own) != 1:
        raise MethodError(f"no single buffer is {rate.buffer!r}, where a rate is held; there are {', '.join(buffers)}.")
    return own[0]


def _check_rows(path: str, parameter: Tensor, rows: Tensor) -> None:
    """Raises MethodError for what cannot choose rows of a parameter."""
    length = parameter.shape[0] if parameter.dim() else 0
    if rows.dtype == torch.bool:
        fine = rows.shape == (length,)
    elif rows.dtype == torch.int64:
        fine = rows.dim() == 1 and (not rows.numel() or (int(rows.min()) >= 0 and int(rows.max()) < length))
    else:
        fine = False
    if not fine:
        raise MethodError(
            f"after_step gives {path} rows that it does not have: {length} rows want a mask [{length}] of bool, or"
            f" indices from 0 to {length - 1} of int64."
        )


def check_groups(groups: Mapping[str, Group], nets: Networks, frozen: tuple[str, ...]) -> None:
    """Raises MethodError for a network that learns nothing without being listed as frozen."""
    moved = {network for group in groups.values() for network in group.spec.networks}
    for name, network in nets.named_children():
        if name not in moved and name not in frozen and any(p.requires_grad for p in network.parameters()):
            raise MethodError(f"network {name!r} has parameters, is in no group and is not listed in `frozen`.")
