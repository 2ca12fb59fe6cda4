"""Penalties on the critic's slope with respect to its input: WGAN-GP's, R1 and R2.

The slope is the gradient of the critic's output for an image with respect to that image, one number a pixel; its norm
runs over all axes but the first. It is float32; what the critic computes is in bfloat16 where the run is, but never in
float16, under which a slope of 1e-4 squared is zero.
A critic with batch norm mixes the images of a batch, so its slope is not each image's own: use none with a penalty.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from saddlepoint.errors import ShapeError
from saddlepoint.nn.kernels.double_backward import differentiable_twice


def gradient_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix: Tensor, *, centre: float = 1.0
) -> Tensor:
    """Mean squared distance of the norm of the critic's slope from `centre`, at points between real and fake.

    real, fake: images [N, ...] of the same shape; gradients do not flow into either.
    mix: [N] in [0, 1], how far along the line from real to fake each point lies.
    Returns a scalar that can be differentiated again. Two-sided: a slope under `centre` costs as much as one over it.
    Raises ShapeError when the shapes differ.
    Source: Gulrajani et al. 2017, arXiv:1704.00028, Algorithm 1 line 7; weight 10 there (lambda).
    """
    if real.shape != fake.shape or mix.shape != real.shape[:1]:
        raise ShapeError(
            f"real {tuple(real.shape)} and fake {tuple(fake.shape)} must have one shape, "
            f"and mix {tuple(mix.shape)} one number for each image."
        )
    along = mix.detach().float().view(-1, *[1] * (real.dim() - 1))
    between = torch.lerp(real.detach().float(), fake.detach().float(), along)
    norm: Tensor = torch.linalg.vector_norm(_slope(critic, between)[1].flatten(1), dim=1)  # [N]
    return (norm - centre).square().mean()


def r1(critic: Callable[[Tensor], Tensor], real: Tensor) -> Tensor:
    """Half the mean squared norm of the critic's slope at real images: gamma times this is the paper's regulariser.

    real: images [N, ...]; gradients do not flow into them. Returns a scalar that can be differentiated again.
    The half is in the formula, as in the StyleGAN family; code published with the paper leaves it out, so its weight 10
    is gamma 20 here.
    Source: Mescheder et al. 2018, arXiv:1801.04406, eq. 9.
    """
    return _half_squared_slope(critic, real)


def r2(critic: Callable[[Tensor], Tensor], fake: Tensor) -> Tensor:
    """The same at generated images. Source: Mescheder et al. 2018, arXiv:1801.04406, eq. 10."""
    return _half_squared_slope(critic, fake)


def squared_slopes(critic: Callable[[Tensor], Tensor], images: Tensor) -> tuple[Tensor, Tensor]:
    """The critic's output for each image and the squared norm of its slope there, both [N], in one pass.

    images: [N, ...]; gradients do not flow into them. Both can be differentiated again. Half the mean of the squares is
    `r1` at real images and `r2` at generated ones; with the outputs beside them, a loss needs no pass of its own.
    """
    outputs, slope = _slope(critic, images)
    return outputs, slope.square().flatten(1).sum(dim=1)


def _half_squared_slope(critic: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    return 0.5 * squared_slopes(critic, images)[1].mean()


def _slope(critic: Callable[[Tensor], Tensor], images: Tensor) -> tuple[Tensor, Tensor]:
    kind = images.device.type
    with torch.enable_grad():
        images = images.detach().float().requires_grad_()
        with differentiable_twice(kind):
            outputs = critic(images).float()
        with torch.autocast(kind, enabled=False):
            # Output i depends on image i alone, so the gradient of the sum holds each image's own slope.
            (slope,) = torch.autograd.grad(outputs.sum(), images, create_graph=True)
    return outputs, slope
