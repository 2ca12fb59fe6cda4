"""Samples beside real images at a glance: figures cheap enough to be taken while a run trains, from pixels alone.

energy distance             Szekely & Rizzo 2013, doi:10.1016/j.jspi.2013.03.018
what a critic has by heart  Karras et al. 2020, arXiv:2006.06676, eq. 1 (r_v)
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.errors import ShapeError

SIDE = 16
"""images are averaged down to at most so many pixels a side: what differs then is what is shown, and not how finely"""
QUANTILE = 0.25
"""share of all pairs that must be alike before a set counts as little varied: what four images in many copies give"""


def rows(images: Tensor) -> Tensor:
    """Images [N, C, H, W] averaged down and flattened, or points [N, D] as they are: [N, numbers] float32, CPU."""
    if images.dim() == 4 and max(images.shape[2:]) > SIDE:
        images = F.adaptive_avg_pool2d(images, SIDE)
    return images.detach().float().cpu().flatten(1)


def diversity(real: Tensor, fake: Tensor) -> float:
    """How varied fakes are beside real ones: the lower quartile of the distances of all pairs, as a share of theirs.

    real, fake: [n, d], [m, d], two rows or more. 0 where a quarter of the pairs are copies; about 1 where both are as
    varied. It sees few images in many copies, and nothing of modes that are missing beside many others.
    """
    _check(real, fake)
    own, other = (torch.quantile(torch.pdist(part), QUANTILE) for part in (fake, real))
    return float(own / other.clamp_min(torch.finfo(torch.float32).tiny))


def apart(real: Tensor, fake: Tensor) -> float:
    """Energy distance as a share of the mean distance between the two sets: about 0 for equal distributions, at most 1.

    real, fake: [n, d], [m, d], two rows or more. Unbiased, so equal distributions scatter around 0.
    """
    _check(real, fake)
    across = torch.cdist(real, fake, compute_mode="donot_use_mm_for_euclid_dist").mean()
    within = (torch.pdist(real).mean() + torch.pdist(fake).mean()) / 2
    return float(1 - within / across.clamp_min(torch.finfo(torch.float32).tiny))


def known(trained: Tensor, unseen: Tensor) -> float:
    """Chance that a critic rates an image it was trained on over one it was not; 0.5 for a critic that is fair.

    trained, unseen: its outputs [n], [m].
    """
    gap = trained[:, None] - unseen[None, :]
    return float((gap > 0).float().mean() + (gap == 0).float().mean() / 2)


def memory(trained: Tensor, unseen: Tensor, fake: Tensor) -> float:
    """Share of a critic's lead that is lost on real images it was not trained on: 0 for a fair one, 1 for one that
    takes them for fakes.

    trained, unseen, fake: its outputs [n], [m], [k]. 0 for a critic without a lead.
    """
    lead = trained.mean() - fake.mean()
    return float((trained.mean() - unseen.mean()) / lead) if lead > 0 else 0.0


def _check(real: Tensor, fake: Tensor) -> None:
    if real.shape[1:] != fake.shape[1:] or min(len(real), len(fake)) < 2:
        raise ShapeError(f"two rows or more of the same length are compared: {list(real.shape)}, {list(fake.shape)}.")
