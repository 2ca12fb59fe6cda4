"""Truncation of latents: less varied and more typical images from a trained generator.

"resample" is the truncation trick of Brock et al. 2019, arXiv:1809.11096, section 3.1: values of a normal latent beyond
a threshold are drawn anew until they lie within it. "scale" multiplies the latent instead, which moves every value.
Truncation of styles is another thing: see `styled.py`.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

TruncateBy = Literal["resample", "scale"]

_ROOT = math.sqrt(2)
# Giles 2010, "Approximating the erfinv function", table 5: coefficients of the highest power first
_CENTRE = (2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 2.1858087e-04, -1.25372503e-03,
           -4.17768164e-03, 0.246640727, 1.50140941)  # fmt: skip
_TAIL = (-2.00214257e-04, 1.00950558e-04, 1.34934322e-03, -3.67342844e-03, 5.73950773e-03, -7.6224613e-03,
         9.43887047e-03, 1.00167406, 2.83297682)  # fmt: skip


def truncated(latents: Tensor, truncation: float | Tensor, by: TruncateBy = "resample") -> Tensor:
    """Latents with less variety, of the same shape and dtype; each value depends on its own old value alone.

    latents: any shape, drawn from N(0, 1). truncation: 0 or more; with "resample" the largest magnitude that stays, in
    standard deviations, and with "scale" the factor. 0 makes all values 0 in both ways.

    "resample" needs no random numbers: the tail probability of a value beyond the threshold is itself uniform, and
    names the new value. So the result has exactly the truncated normal distribution, latent i still depends on its seed
    and i alone, a walk through latents stays continuous, and a graph can hold the function.
    """
    if by == "scale":
        return latents * truncation
    threshold = torch.as_tensor(truncation, dtype=latents.dtype, device=latents.device) / _ROOT
    magnitude = latents.abs() / _ROOT
    tail = torch.erfc(magnitude) / torch.erfc(threshold)  # uniform in (0, 1) where the magnitude is over the threshold
    inside = _ROOT * _erfinv(tail * torch.erf(threshold))
    return torch.where(magnitude > threshold, latents.sign() * inside.minimum(_ROOT * threshold), latents)


def _erfinv(x: Tensor) -> Tensor:
    """The inverse error function of numbers from 0 to below 1, to 5e-7; torch's own has no counterpart in ONNX."""
    w = -torch.log((1 - x) * (1 + x))
    return x * torch.where(w < 5, _polynomial(_CENTRE, w - 2.5), _polynomial(_TAIL, w.sqrt() - 3))


def _polynomial(coefficients: tuple[float, ...], x: Tensor) -> Tensor:
    value = torch.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value
