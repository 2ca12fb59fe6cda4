"""Consistency: the critic should say the same of an image and of the image slightly changed.

Of real images alone: Zhang et al. 2020, arXiv:1910.12027, Algorithm 1. Of real and generated ones, each with a weight
of its own ("balanced"): Zhao et al. 2020, arXiv:2002.04724, Algorithm 1. Weights of 10, mirroring and shifts in both.
"""

from __future__ import annotations

from torch import Tensor

from saddlepoint.errors import ShapeError


def consistency(logits: Tensor, augmented: Tensor) -> Tensor:
    """Mean squared distance of the critic's outputs for images and for their augmented copies; a scalar, float32.

    logits, augmented: outputs of one shape, before any sigmoid; gradients flow into both.
    Raises ShapeError when the shapes differ.
    """
    if logits.shape != augmented.shape:
        raise ShapeError(
            f"consistency compares an image with itself; the critic gave {tuple(logits.shape)} outputs for the images"
            f" and {tuple(augmented.shape)} for the augmented ones."
        )
    return (logits.float() - augmented.float()).square().mean()
