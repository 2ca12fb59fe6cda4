"""Losses of fields of signed distances, negative inside."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def clamped(value: Tensor, truth: Tensor, reach: float) -> Tensor:
    """The mean absolute error of distances that are both clamped to [-reach, reach]; tensors of one shape.

    Source: Park et al. 2019 (DeepSDF), arXiv:1901.05103, eq. 4.
    """
    return (value.clamp(-reach, reach) - truth.clamp(-reach, reach)).abs().mean()


def eikonal(field: Callable[[Tensor], Tensor], surface: Tensor, normal: Tensor, apart: Tensor) -> dict[str, Tensor]:
    """What a field owes where nothing but the surface is known: by name, weighted; their sum is minimised.

    field: places [..., 3] -> [..., 1], which can be differentiated twice. surface, normal: [N, P, 3], places on it and
    outward normals of length 1. apart: [N, Q, 3], places anywhere. Each term is a mean over all P + Q places, as the
    authors' code has it: value 0 on the surface (3000), slope along the normal there (100), a slope of length 1
    everywhere (50), no other place near 0 (100 exp(-100 |value|)).
    Source: Sitzmann et al. 2020 (SIREN), arXiv:2006.09661, eq. 6; weights of github.com/vsitzmann/siren.
    """
    with torch.enable_grad():
        place = torch.cat((surface, apart), 1).requires_grad_()
        value = field(place)
        (slope,) = torch.autograd.grad(value.sum(), place, create_graph=True)
    on, count = surface.shape[1], place.shape[1]
    share_on, share_off = on / count, 1 - on / count
    return {
        "surface": 3e3 * share_on * value[:, :on].abs().mean(),
        "normal": 1e2 * share_on * (1 - F.cosine_similarity(slope[:, :on], normal, dim=-1)).mean(),
        "slope": 5e1 * (slope.norm(dim=-1) - 1).abs().mean(),
        "apart": 1e2 * share_off * (-1e2 * value[:, on:].abs()).exp().mean(),
    }
