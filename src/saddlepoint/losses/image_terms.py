"""Distances of an image to its target, and what is asked of an image by itself.

charbonnier        Charbonnier et al. 1994, doi:10.1109/ICIP.1994.413553; as a loss Lai et al. 2017, arXiv:1704.03915
total variation    Rudin et al. 1992, doi:10.1016/0167-2789(92)90242-F, anisotropic
symmetry           a face beside its mirror image; off by default wherever it is offered, since few faces are symmetric

Images are [N, C, H, W]; each returns a scalar, float32.
"""

from __future__ import annotations

from torch import Tensor


def charbonnier(image: Tensor, target: Tensor, epsilon: float = 1e-3) -> Tensor:
    """The mean of sqrt(d^2 + epsilon^2): absolute differences, but smooth at 0, where it is epsilon."""
    return ((image.float() - target.float()).square() + epsilon**2).sqrt().mean()


def total_variation(image: Tensor) -> Tensor:
    """The mean absolute difference of neighbours, down and across; 0 for an even image."""
    image = image.float()
    down, across = image[..., 1:, :] - image[..., :-1, :], image[..., 1:] - image[..., :-1]
    return down.abs().mean() + across.abs().mean()


def mirror_symmetry(image: Tensor) -> Tensor:
    """The mean absolute difference of an image to its mirror image; 0 where left equals right."""
    image = image.float()
    return (image - image.flip(3)).abs().mean()


def cloud_adaptive(image: Tensor, source: Tensor, target: Tensor, cloud: Tensor) -> Tensor:
    """That clear places stay as they were and clouded ones become the target, beside the distance to it everywhere.

    cloud: [N, 1, H, W] in [0, 1]. 0 for an image that copies the clear places, is the target elsewhere, and where both
    agree. Meraner et al. 2020, doi:10.1016/j.isprsjprs.2020.05.013 (CARL), with the weights of the authors' code.
    """
    image = image.float()
    apart = (image - target).abs()
    return ((1 - cloud) * (image - source).abs() + cloud * apart).mean() + apart.mean()


def masked_distance(image: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """The mean absolute difference where a mask [N, 1, H, W] in [0, 1] is 1; 0 for an empty mask."""
    difference = (image.float() - target.float()).abs() * mask
    return difference.sum() / (mask.sum() * image.shape[1]).clamp_min(1)
