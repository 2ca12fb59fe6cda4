"""The gradient of one update: refusals in words where there is none, and figures of it for those who watch."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.engine.optim import Group
from saddlepoint.errors import MethodError
from saddlepoint.methods.base import Update

_DEPTH = 4
"""how deep the values that a callable holds are searched for tensors"""


def differentiate(update: Update, group: Group, loss: Tensor, *, parts: int, retain: bool) -> dict[str, Tensor]:
    """Add the gradient of `loss` to that of the group's parameters. Returns the figures that callables made of it.

    loss: the sum of the update's losses by `parts`, the number of micro-batches.
    """
    if not any(map(callable, update.watch.values())):
        _backward(update, group, loss, retain)
        return {}
    parameters = list(group.parameters.values())
    sums = [parameter.grad for parameter in parameters]
    for parameter in parameters:
        parameter.grad = None
    _backward(update, group, loss, retain)
    own = [parameter.grad for parameter in parameters]
    try:
        _show(parameters, _held_by(update), parts / group.scaler.get_scale())
        return evaluated(update)
    finally:
        for parameter, total, gradient in zip(parameters, sums, own):
            parameter.grad = gradient if total is None else total if gradient is None else total.add_(gradient)


def evaluated(update: Update) -> dict[str, Tensor]:
    """The figures of an update that are callables. Raises MethodError for what gives no tensor."""
    figures: dict[str, Tensor] = {}
    with torch.no_grad():
        for name, figure in update.watch.items():
            if callable(figure):
                value = figure()
                if not isinstance(value, Tensor):
                    type_name = type(value).__name__
                    raise MethodError(f"the callable {update.group}/{name} must give a tensor; it gave {type_name}.")
                figures[name] = value
    return figures


def _show(parameters: list[nn.Parameter], others: list[Tensor], factor: float) -> None:
    """Let `.grad` be that of one micro-batch's own losses: not divided by their number, not scaled for fp16."""
    for tensor in (*parameters, *others):
        if tensor.grad is not None and factor != 1:
            tensor.grad = tensor.grad * factor


def _held_by(update: Update) -> list[Tensor]:
    """The tensors with a gradient of their own that an update's callables hold, each once."""
    objects: dict[int, Any] = {}
    tensors: list[Tensor] = []

    def look(value: Any, depth: int) -> None:
        if id(value) in objects or not depth:
            return
        objects[id(value)] = value
        if isinstance(value, Tensor):
            if value.requires_grad and value.retains_grad:
                tensors.append(value)
            return
        for inner in _inside(value):
            look(inner, depth - 1)

    for figure in update.watch.values():
        if callable(figure):
            look(figure, _DEPTH)
    return tensors


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, functools.partial):
        return (value.func, *value.args, *value.keywords.values())
    if isinstance(value, Mapping):
        return value.values()
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, nn.Module | type):
        return ()
    contents: list[Any] = [*getattr(value, "__dict__", {}).values(), getattr(value, "__self__", None)]
    for cell in getattr(value, "__closure__", None) or ():
        contents.append(cell.cell_contents)
    return [*contents, *(getattr(value, "__defaults__", None) or ())]


def _backward(update: Update, group: Group, loss: Tensor, retain: bool) -> None:
    if not loss.requires_grad:
        raise MethodError(
            f"the loss of {update.group} ({', '.join(update.losses)}) does not depend on anything that learns; was it"
            " computed under no_grad, or from detached tensors only?"
        )
    parameters = list(group.parameters.values())
    try:
        if group.sharded:
            _whole_backward(group, loss, retain)
        else:
            group.scaler.scale(loss).backward(inputs=parameters, retain_graph=retain)
    except RuntimeError as error:
        if "modified by an inplace operation" in str(error):
            raise MethodError(
                f"the loss of {update.group} uses something computed before its networks moved; compute it again after"
                " the yield."
            ) from error
        if group.sharded and "setStorage" in str(error):
            raise MethodError(
                f"the loss of {update.group} differentiates twice (a penalty on a slope), which weights that"
                " are divided over processes do not support: leave out --shard."
            ) from error
        if "backward through the graph a second time" in str(error):
            raise MethodError(
                f"the loss of {update.group} uses something that an earlier update has differentiated; compute it again"
                " after the yield, or yield both updates as one tuple."
            ) from error
        raise
    if all(parameter.grad is None for parameter in parameters):
        raise MethodError(
            f"the loss of {update.group} ({', '.join(update.losses)}) reaches no parameter of"
            f" {', '.join(group.spec.networks)}: the update would move nothing."
        )


def _whole_backward(group: Group, loss: Tensor, retain: bool) -> None:
    """Backward for all that a loss over shared-out weights reaches; what is not the group's is dropped."""
    before = [parameter.grad for parameter in group.others]
    for parameter in group.others:  # or what is dropped would be added to it in place
        parameter.grad = None
    loss.backward(retain_graph=retain)
    for parameter, gradient in zip(group.others, before):
        parameter.grad = gradient
