"""Optimisers from their specifications: fused where torch can, state kept by parameter name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import torch
from torch import Tensor, nn

from saddlepoint.engine.distributed import Machine
from saddlepoint.errors import CheckpointError, MethodError
from saddlepoint.methods.base import SGD, Adam, Clock, Networks, Optim, RMSProp, at


@final
class Group:
    """One optimiser with its parameters by name ("network.path") and its own gradient scaler."""

    def __init__(self, name: str, spec: Optim, nets: Networks, machine: Machine, clip: float | None) -> None:
        self.name, self.spec = name, spec
        self.clip = clip if spec.clip is None else spec.clip
        self.parameters = _parameters(name, spec, nets)
        self.optimiser = _build(spec, _parts(name, spec, self.parameters), machine.device)
        self.scaler = machine.scaler()

    def set_rates(self, clock: Clock, factor: float) -> None:
        """What the specification says for this time: betas, and the learning rate of each part times `factor`."""
        own = [1.0, *(at(part.rate, clock) for part in self.spec.parts)]
        for entry, rate in zip(self.optimiser.param_groups, own, strict=True):
            entry |= _rates(self.spec, clock)
            entry["lr"] *= factor * rate

    def forget(self) -> None:
        """Drop all moments: the next step begins anew."""
        self.optimiser.state.clear()

    def clip_gradients(self) -> None:
        """Bound the norm of the whole gradient, where a bound is set."""
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self.parameters.values(), self.clip, foreach=True)

    def step(self) -> None:
        """Move the parameters; in fp16 not at all where a gradient overflowed. Tell autograd that they moved."""
        self.scaler.step(self.optimiser)
        self.scaler.update()
        # Fused kernels do not bump versions, so a graph held across the step would give wrong gradients silently.
        torch.autograd.graph.increment_version([p for p in self.parameters.values() if p.grad is not None])

    def tensors(self) -> dict[str, Tensor]:
        """Moments and counters by "parameter/key"; a parameter that never had a gradient has none."""
        state = self.optimiser.state
        return {
            f"{name}/{key}": value
            for name, parameter in self.parameters.items()
            for key, value in state.get(parameter, {}).items()
            if isinstance(value, Tensor)
        }

    def restore(self, saved: Mapping[str, Tensor]) -> None:
        """Take back what `tensors` gave. Raises CheckpointError for a parameter that is not here."""
        self.optimiser.state.clear()
        for name, value in saved.items():
            path, key = name.rsplit("/", 1)
            if path not in self.parameters:
                raise CheckpointError(f"the checkpoint moves {path}, which group {self.name} does not have.")
            parameter = self.parameters[path]
            if key == "step":
                fused = self.optimiser.defaults.get("fused")
                own = value.to(parameter.device if fused else "cpu", copy=True)
            else:  # a fused kernel reads the moments in the weight's own memory format, whatever theirs is
                own = torch.empty_like(parameter).copy_(value)
            self.optimiser.state[parameter][key] = own


def _parameters(name: str, spec: Optim, nets: Networks) -> dict[str, nn.Parameter]:
    known = dict(nets.named_children())
    found: dict[str, nn.Parameter] = {}
    for network in spec.networks:
        if network not in known:
            raise MethodError(f"group {name!r} moves {network!r}; the networks are {', '.join(known)}.")
        found |= {f"{network}.{path}": p for path, p in known[network].named_parameters() if p.requires_grad}
    if not found:
        raise MethodError(f"group {name!r} has no parameter to move.")
    return found


def _parts(name: str, spec: Optim, parameters: Mapping[str, nn.Parameter]) -> list[list[nn.Parameter]]:
    """What is in no part of the specification, then each part."""
    rest = dict(parameters)
    parts: list[list[nn.Parameter]] = []
    for part in spec.parts:
        parts.append([])
        for path in part.paths:
            inside = [own for own in rest if own == path or own.startswith(f"{path}.")]
            if not inside:
                raise MethodError(
                    f"a part of group {name!r} names {path!r}, where it moves nothing that no earlier part has; its"
                    f" paths are like {next(iter(parameters))!r}."
                )
            parts[-1] += [rest.pop(own) for own in inside]
    return [list(rest.values()), *parts]


def _rates(spec: Optim, clock: Clock) -> dict[str, Any]:
    lr = at(spec.lr, clock)
    if not isinstance(spec, Adam):
        return {"lr": lr}
    share = 1.0 if spec.lazy is None else spec.lazy / (spec.lazy + 1)
    first, second = (at(beta, clock) ** share for beta in spec.betas)
    return {"lr": lr * share, "betas": (first, second)}


def _build(spec: Optim, parts: list[list[nn.Parameter]], device: torch.device) -> torch.optim.Optimizer:
    parameters = [{"params": part} for part in parts]
    common: dict[str, Any] = {"weight_decay": spec.weight_decay, **_rates(spec, Clock())}
    fused: dict[str, Any] = {"fused": device.type in ("cpu", "cuda")}
    if isinstance(spec, Adam):
        return torch.optim.Adam(parameters, eps=spec.eps, **common, **fused)
    if isinstance(spec, SGD):
        fused["fused"] &= not spec.momentum  # the fused kernel cannot take in a parameter that wakes later
        return torch.optim.SGD(parameters, momentum=spec.momentum, **common, **fused)
    if isinstance(spec, RMSProp):
        return torch.optim.RMSprop(parameters, alpha=spec.alpha, eps=spec.eps, **common)
    raise MethodError(f"{type(spec).__name__} is no optimiser that the engine knows.")


def check_groups(groups: Mapping[str, Group], nets: Networks, frozen: tuple[str, ...]) -> None:
    """Raises MethodError for a network that learns nothing without being listed as frozen."""
    moved = {network for group in groups.values() for network in group.spec.networks}
    for name, network in nets.named_children():
        if name not in moved and name not in frozen and any(p.requires_grad for p in network.parameters()):
            raise MethodError(f"network {name!r} has parameters, is in no group and is not listed in `frozen`.")
