"""Convolutions that can be differentiated twice for what the first time costs; torch's own take longer.

A convolution is linear in its maps and in its weights, so each term of its second derivative is again a convolution or
one of a convolution's gradients, for which fast kernels exist. torch writes the weights' term as a convolution whose
kernels are as large as the maps, group by group. A penalty on a critic's slope meets that in every layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_convolve = torch.ops.aten.convolution
_differentiate = torch.ops.aten.convolution_backward


@contextmanager
def differentiable_twice(device: str) -> Iterator[None]:
    """What is computed within can be differentiated twice, its convolutions by fast kernels. device: its type.

    Uncompiled, since a compiled network cannot be; and never in float16, where a slope of 1e-4 squared is zero: in
    float32 or, where the run has that, in bfloat16, which reaches as far as float32. Gradients are best taken outside.
    """
    half = torch.is_autocast_enabled(device) and torch.get_autocast_dtype(device) is torch.bfloat16
    uncompiled = torch.compiler.set_stance("force_eager")
    with uncompiled, torch.autocast(device, dtype=torch.bfloat16, enabled=half), _Convolutions():
        yield


class _Convolutions(TorchFunctionMode):
    """Within it, convolutions and transposed ones, of any number of axes, are differentiated twice by fast kernels.

    Numbers are those of torch but for rounding; padding given as a word is left to torch.
    """

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        read = _READ.get(function)
        call = read(*args, **(kwargs or {})) if read else None
        if call is None:
            return function(*args, **(kwargs or {}))
        return _Convolution.apply(*_cast(call))


class _Form(NamedTuple):
    """What a convolution does beside its tensors, in the order of torch's own function."""

    stride: Sequence[int]
    padding: Sequence[int]
    dilation: Sequence[int]
    transposed: bool
    output_padding: Sequence[int]
    groups: int


_Call = tuple[Tensor, Tensor, Tensor | None, _Form]


def _plain(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> _Call | None:
    """A convolution's arguments by torch's names; None where they hold a word or no batch."""
    axes = weight.dim() - 2
    if isinstance(padding, str) or input.dim() != weight.dim():
        return None
    form = _Form(_each(stride, axes), _each(padding, axes), _each(dilation, axes), False, (0,) * axes, groups)
    return input, weight, bias, form


def _transposed(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> _Call | None:
    """A transposed convolution's."""
    call = _plain(input, weight, bias, stride, padding, dilation, groups)
    if call is None:
        return None
    return *call[:3], call[3]._replace(transposed=True, output_padding=_each(output_padding, weight.dim() - 2))


def _cast(call: _Call) -> _Call:
    """As autocast would."""
    maps, weight, bias, form = call
    kind = maps.device.type
    if not torch.is_autocast_enabled(kind):
        return call
    dtype = torch.get_autocast_dtype(kind)
    return maps.to(dtype), weight.to(dtype), None if bias is None else bias.to(dtype), form


_READ: dict[Any, Callable[..., _Call | None]] = {
    torch.conv1d: _plain,
    torch.conv2d: _plain,
    torch.conv3d: _plain,
    torch.conv_transpose1d: _transposed,
    torch.conv_transpose2d: _transposed,
    torch.conv_transpose3d: _transposed,
}


def _each(value: Any, axes: int) -> tuple[int, ...]:
    numbers = (value,) if isinstance(value, int) else tuple(value)
    return numbers * axes if len(numbers) == 1 else numbers


class _Convolution(torch.autograd.Function):
    """Maps, weights and biases to maps."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, bias: Tensor | None, form: _Form) -> Tensor:
        ctx.save_for_backward(maps, weight)
        ctx.form = form
        ctx.biases = None if bias is None else list(bias.shape)
        convolved: Tensor = _convolve(maps, weight, bias, *form)
        return convolved

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        maps, weight = ctx.saved_tensors
        wanted = tuple(ctx.needs_input_grad[:3])
        gradients = _Gradient.apply(slope, maps, weight, ctx.biases, ctx.form, wanted)
        return (*gradients, None)


class _Gradient(torch.autograd.Function):
    """The slope at a convolution's maps to its gradients by what went in; the differentials of those back to each."""

    @staticmethod
    def forward(
        ctx: Any,
        slope: Tensor,
        maps: Tensor,
        weight: Tensor,
        biases: list[int] | None,
        form: _Form,
        wanted: tuple[bool, bool, bool],
    ) -> tuple[Tensor | None, ...]:
        ctx.save_for_backward(slope, maps, weight)
        ctx.form = form
        ctx.set_materialize_grads(False)
        return tuple(_differentiate(slope, maps, weight, biases, *form, wanted))

    @staticmethod
    def backward(
        ctx: Any, by_maps: Tensor | None, by_weight: Tensor | None, by_bias: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        slope, maps, weight = ctx.saved_tensors
        at_slope = at_maps = at_weight = None
        if ctx.needs_input_grad[0]:
            terms = [] if by_maps is None else [_convolve(by_maps, weight, None, *ctx.form)]
            terms += [] if by_weight is None else [_convolve(maps, by_weight, None, *ctx.form)]
            terms += [] if by_bias is None else [by_bias.view(-1, *[1] * (slope.dim() - 2)).expand_as(slope)]
            at_slope = sum(terms[1:], terms[0]) if terms else None
        if ctx.needs_input_grad[1] and by_weight is not None:
            at_maps = _differentiate(slope, maps, by_weight, None, *ctx.form, (True, False, False))[0]
        if ctx.needs_input_grad[2] and by_maps is not None:
            at_weight = _differentiate(slope, by_maps, weight, None, *ctx.form, (False, True, False))[1]
        return at_slope, at_maps, at_weight, None, None, None
