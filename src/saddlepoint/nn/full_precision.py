"""Functions that stay in float32 where networks are in bf16 or fp16: cameras, rays, projections, recurrences."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor

P = ParamSpec("P")
R = TypeVar("R")
_HALVES = (torch.bfloat16, torch.float16)


def in_full(function: Callable[P, R]) -> Callable[P, R]:
    """The function, with autocast off and half tensors taken as float32; the first tensor says on which device.

    A direction in bf16 has 8 bits: at 256 pixels the worst ray misses its pixel by more than one.
    """

    free: Callable[..., R] = function

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        device = next((each.device.type for each in (*args, *kwargs.values()) if isinstance(each, Tensor)), "cpu")
        if not torch.is_autocast_enabled(device):
            return function(*args, **kwargs)
        with torch.autocast(device, enabled=False):
            return free(*map(_full, args), **{name: _full(each) for name, each in kwargs.items()})

    return run


def _full(value: object) -> object:
    return value.float() if isinstance(value, Tensor) and value.dtype in _HALVES else value


product = in_full(torch.matmul)
"""a matrix product with all digits, for places and directions"""
