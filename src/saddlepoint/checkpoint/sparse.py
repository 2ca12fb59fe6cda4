"""Weights with many zeros as what is left of them: one bit for each place, and the values that are not zero.

Nothing is lost. A weight is stored so only where that is smaller, so models that were not pruned are as they were.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

PLACES, VALUES, SHAPE = ".places", ".values", ".shape"


def packed(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors on the CPU by name; one that is mostly zeros becomes three: places, values and shape."""
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        there = (tensor != 0) | tensor.signbit()  # the sign of a zero is part of the bits
        bits = (tensor.numel() + 7) // 8
        if (
            tensor.dim()
            and bits + int(there.sum()) * tensor.element_size() + 64 < tensor.numel() * tensor.element_size()
        ):
            places = np.packbits(there.flatten().numpy())
            found[name + PLACES], found[name + VALUES] = torch.from_numpy(places), tensor[there]
            found[name + SHAPE] = torch.tensor(tensor.shape)
        else:
            found[name] = tensor
    return found


def unpacked(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as they were before `packed`."""
    sparse = [name.removesuffix(PLACES) for name in tensors if name.endswith(PLACES)]
    parts = {name + end for name in sparse for end in (PLACES, VALUES, SHAPE)}
    found = {name: value for name, value in tensors.items() if name not in parts}
    for name in sparse:
        shape, values = tensors[name + SHAPE].tolist(), tensors[name + VALUES]
        whole = torch.zeros(int(np.prod(shape)), dtype=values.dtype)
        there = np.unpackbits(tensors[name + PLACES].numpy(), count=whole.numel()).astype(bool)
        whole[torch.from_numpy(there)] = values
        found[name] = whole.view(shape)
    return found
