"""Cones through pixels, cut into pieces that Gaussians stand for. Barron et al. 2021, arXiv:2103.13415, section 3.1."""

from __future__ import annotations

import math

import torch
from torch import Tensor

PIXEL = 2 / math.sqrt(12)
"""radius of the disc whose variance is that of a pixel, in pixels"""


def frustums(start: Tensor, ahead: Tensor, radius: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance along each axis of the pieces of cones between neighbouring edges.

    start, ahead: [R, 3], unit directions. radius: [R], of a cone at distance 1. edges: [R, S + 1], distances, ascending
    and more than 0. Returns [R, S, 3] twice. The form of eq. 7 that does not lose its digits in thin pieces.
    """
    middle, half = (edges[:, 1:] + edges[:, :-1]) / 2, (edges[:, 1:] - edges[:, :-1]) / 2
    square, thin = 3 * middle.square() + half.square(), half.square()
    far = middle + 2 * middle * thin / square
    along = thin / 3 - 4 / 15 * thin.square() * (12 * middle.square() - thin) / square.square()
    across = radius[:, None].square() * (middle.square() / 4 + 5 / 12 * thin - 4 / 15 * thin.square() / square)
    steep = ahead.square()[:, None]
    variance = along[..., None] * steep + across[..., None] * (1 - steep)
    return start[:, None] + far[..., None] * ahead[:, None], variance


def blurred(weight: Tensor, floor: float) -> Tensor:
    """Weights [R, S] as pieces are drawn by: the larger of neighbours, averaged, and at least `floor` more, eq. 18."""
    padded = torch.cat((weight[:, :1], weight, weight[:, -1:]), 1)
    larger = torch.maximum(padded[:, 1:], padded[:, :-1])
    return (larger[:, 1:] + larger[:, :-1]) / 2 + floor
