"""Path length: equal steps of style should change the image equally. Karras et al. 2020, arXiv:1912.04958, section 3.2.

Paper  here
J_w    the slope of the image with respect to the styles of all layers
y      direction
a      mean
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from saddlepoint.nn.kernels.double_backward import differentiable_twice


def path_lengths(synthesis: Callable[[Tensor], Tensor], styles: Tensor, direction: Tensor) -> Tensor:
    """How far each image moves along `direction` for a step of its styles.  [N], float32

    styles: [N, L, D], made with gradients; they flow into what made them. direction: N(0, 1), the images' shape.
    The square is a sum over D and a mean over the layers L, as in the authors' code. Not in float16, as
    it is itself differentiated. Source: equation 4.
    """
    kind, styles = styles.device.type, styles.float()
    with differentiable_twice(kind):
        images = synthesis(styles).float()
    with torch.autocast(kind, enabled=False):
        along = (images * direction).sum() / math.sqrt(images.shape[2] * images.shape[3])
        (slope,) = torch.autograd.grad(along, styles, create_graph=True)
    return slope.square().sum(2).mean(1).sqrt()


def path_length_penalty(lengths: Tensor, mean: Tensor, decay: float = 0.01) -> Tensor:
    """Mean squared distance of path lengths from their running mean, which counts these already.

    lengths: [N]. mean: scalar, the running mean before this step; it moves by `decay` of the way to theirs.
    """
    return (lengths - torch.lerp(mean, lengths.mean(), decay)).square().mean()
