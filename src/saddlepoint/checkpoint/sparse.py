"""Weights with many zeros as what is left of them: one bit for each place, and the values that are not zero.

Nothing is lost. A weight is stored so only where that is smaller, so models that were not pruned are as they were.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from saddlepoint.storage.plain import Unfit
from saddlepoint.storage.tensors import MOST_AXES, Declared

T = TypeVar("T")
PLACES, VALUES, SHAPE = ".places", ".values", ".shape"


def packed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors on the CPU by name; one that is mostly zeros becomes three: places, values and shape."""
    result: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        there = (tensor != 0) | tensor.signbit()  # the sign of a zero is part of the bits
        bits = (tensor.numel() + 7) // 8
        if (
            tensor.dim()
            and bits + int(there.sum()) * tensor.element_size() + 64 < tensor.numel() * tensor.element_size()
        ):
            places = np.packbits(there.flatten().numpy())
            result[name + PLACES], result[name + VALUES] = torch.from_numpy(places), tensor[there]
            result[name + SHAPE] = torch.tensor(tensor.shape)
        else:
            result[name] = tensor
    return result


def dense(stored: Mapping[str, Declared], read: Callable[[str], Tensor]) -> dict[str, Declared]:
    """What a file declares, of its tensors as they were before `packed`. read: a small tensor of it by name.

    Raises Unfit where three parts do not make one tensor, which has no more places than there are bits for.
    """
    sparse, result = _split(stored)
    for name in sparse:
        if not {name + PLACES, name + VALUES, name + SHAPE} <= stored.keys():
            raise Unfit(f"{name} lacks its places, its values or its shape")
        places, values, axes = (stored[name + end] for end in (PLACES, VALUES, SHAPE))
        if axes.dtype != torch.int64 or len(axes.shape) != 1 or not 1 <= axes.numel <= MOST_AXES:
            raise Unfit(f"the shape of {name} makes no sense")
        shape = tuple(map(int, read(name + SHAPE).tolist()))
        count = math.prod(shape)
        fits = places.dtype == torch.uint8 and places.shape == ((count + 7) // 8,) and len(values.shape) == 1
        if min(shape) < 0 or not fits or values.numel > count:
            raise Unfit(f"{name} of {list(shape)} has not as many places as numbers")
        result[name] = Declared(values.dtype, shape)
    return result


def unpacked(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as they were before `packed`. Raises Unfit for values that are not as many as their places."""
    sparse, result = _split(tensors)
    for name in sparse:
        shape, values = tensors[name + SHAPE].tolist(), tensors[name + VALUES]
        whole = torch.zeros(math.prod(shape), dtype=values.dtype)
        there = torch.from_numpy(np.unpackbits(tensors[name + PLACES].numpy(), count=whole.numel())).bool()
        if int(there.sum()) != len(values):
            raise Unfit(f"{name} has {len(values):,} values for {int(there.sum()):,} places")
        whole[there] = values
        result[name] = whole.view(shape)
    return result


def _split(entries: Mapping[str, T]) -> tuple[list[str], dict[str, T]]:
    """The names of what is stored in three parts, and the entries that are stored as they are."""
    sparse = [name.removesuffix(PLACES) for name in entries if name.endswith(PLACES)]
    parts = {name + end for name in sparse for end in (PLACES, VALUES, SHAPE)}
    return sparse, {name: value for name, value in entries.items() if name not in parts}
