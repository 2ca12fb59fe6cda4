"""Losses of embeddings: images of one class near, others at a distance; all pairs within a batch.

contrastive: Hadsell et al. 2006, doi:10.1109/CVPR.2006.100, equation 4. triplet: Schroff et al. 2015 (FaceNet),
arXiv:1503.03832, equations 1 to 4, with semi-hard negatives.
"""

from __future__ import annotations

import torch
from torch import Tensor

_UNDER_ROOT = 1e-9
"""added to squares under a root, which has no gradient at 0: equal images would give none that is finite"""


def squared_distances(embedding: Tensor) -> Tensor:
    """Of all pairs, [N, D] -> [N, N], not below 0 and exactly 0 on the diagonal."""
    return (embedding[:, None] - embedding).square().sum(2)


def contrastive(embedding: Tensor, label: Tensor, margin: float) -> dict[str, Tensor]:
    """Half the square of the distance of pairs of one class, and of what pairs of two classes lack to the margin.

    embedding: [N, D]. label: [N]. Each is a mean over its pairs, of which there may be none: "same" and "other". The
    distance within the hinge is the distance itself, not its square.
    """
    square = squared_distances(embedding)
    same, other = _pairs(label)
    lacking = (margin - (square + _UNDER_ROOT).sqrt()).clamp_min(0).square()
    return {"same": 0.5 * _mean(square, same), "other": 0.5 * _mean(lacking, other)}


def triplet(embedding: Tensor, label: Tensor, margin: float) -> Tensor:
    """By how much the square of the distance to a negative is not `margin` larger than that to a positive.

    embedding: [N, D]. label: [N]. A mean over all pairs of an anchor and a positive, each with its semi-hard negative:
    the nearest one that is farther than the positive; where there is none, the farthest of all. (The nearest of all,
    the hardest, lets all embeddings fall onto one point.)
    """
    square = squared_distances(embedding)
    same, other = _pairs(label)
    distance = square.detach()
    farther = other[:, None, :] & (distance[:, None, :] > distance[:, :, None])  # [anchor, positive, negative]
    nearest = torch.where(farther, distance[:, None, :], torch.inf).argmin(2)
    farthest = torch.where(other, distance, -torch.inf).argmax(1)
    negative = torch.where(farther.any(2), nearest, farthest[:, None])
    lacking = (square - square.gather(1, negative) + margin).clamp_min(0)
    return _mean(lacking, same & other.any(1)[:, None])


def _pairs(label: Tensor) -> tuple[Tensor, Tensor]:
    """Which pairs are of one class, without those of an image with itself, and which are of two."""
    alike = label[:, None] == label
    return alike & ~torch.eye(len(label), dtype=torch.bool, device=label.device), ~alike


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    """Of the chosen ones; 0 where there are none."""
    return (values * chosen).sum() / chosen.sum().clamp_min(1)
