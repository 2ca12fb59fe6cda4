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

from saddlepoint.methods.abilities import Sampling

WIDEST = 2.0
"""standard deviations beyond which values are drawn anew as truncation comes near 1"""

_ROOT = math.sqrt(2)
# Giles 2010, "Approximating the erfinv function", table 5: coefficients of the highest power first
_CENTRE = (2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 2.1858087e-04, -1.25372503e-03,
           -4.17768164e-03, 0.246640727, 1.50140941)  # fmt: skip
_TAIL = (-2.00214257e-04, 1.00950558e-04, 1.34934322e-03, -3.67342844e-03, 5.73950773e-03, -7.6224613e-03,
         9.43887047e-03, 1.00167406, 2.83297682)  # fmt: skip


def truncated(latents: Tensor, how: Sampling, prior: Literal["normal", "uniform"] = "normal") -> Tensor:
    """Latents with less variety, of the same shape and dtype; each value depends on its own old value alone.

    latents: any shape, drawn from the prior: N(0, 1), or even over [-1, 1), where both ways are the same. A truncation
    of 1 leaves them as they are, and 0 makes all values 0. In between, "resample" has its threshold at twice the
    truncation, in standard deviations, the range of latents of the published BigGAN models; and "scale" takes it for
    the factor. Latents of one truncation vary by about as much in either way; under 0 they are mirrored in both.
    """
    by = "scale" if prior == "uniform" else how.truncate_by
    return latents * how.truncation if by == "scale" else _resampled(latents, how.truncation)


def _resampled(latents: Tensor, truncation: float | Tensor) -> Tensor:
    """Latents whose magnitude is at most `WIDEST` times the truncation, where that is less than 1; mirrored under 0.

    This needs no random numbers: the tail probability of a value beyond the threshold is itself uniform, and
    names the new value. So the result has exactly the truncated normal distribution, latent i still depends on its seed
    and i alone, a walk through latents stays continuous, and a graph can hold the function.
    """
    if not isinstance(truncation, Tensor) and truncation == 1:
        return latents
    share = torch.as_tensor(truncation, dtype=latents.dtype, device=latents.device)
    threshold = WIDEST / _ROOT * share.abs()
    magnitude = latents.abs() / _ROOT
    tail = torch.erfc(magnitude) / torch.erfc(threshold)  # uniform in (0, 1) where the magnitude is over the threshold
    inside = latents.sign() * (_ROOT * _erfinv(tail * torch.erf(threshold))).minimum(_ROOT * threshold)
    return share.sign() * torch.where((magnitude > threshold) & (share.abs() < 1), inside, latents)


def _erfinv(x: Tensor) -> Tensor:
    """The inverse error function of numbers from 0 to below 1, to 5e-7; torch's own has no counterpart in ONNX."""
    w = -torch.log((1 - x) * (1 + x))
    return x * torch.where(w < 5, _polynomial(_CENTRE, w - 2.5), _polynomial(_TAIL, w.sqrt() - 3))


def _polynomial(coefficients: tuple[float, ...], x: Tensor) -> Tensor:
    value = torch.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value
