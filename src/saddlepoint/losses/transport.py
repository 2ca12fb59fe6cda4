"""Optimal transport between two small sets of vectors: how cheaply the one can be moved onto the other.

Inexact proximal point: Xie et al. 2020, arXiv:1802.04307, algorithm 1; of words and patches: Chen et al. 2020 (UNITER),
arXiv:1909.11740, section 3.3.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def alignment(words: Tensor, patches: Tensor, meaning: Tensor, rounds: int = 50, beta: float = 0.5) -> Tensor:
    """The cost of moving words onto patches, each weighing alike, by one minus the cosine.  [N]

    words: [N, L, D]. patches: [N, M, D]. meaning: [N, L] bool, words that count, one at least of each. The plan of what
    goes where is held fixed in the gradient.
    """
    cost = 1 - F.normalize(words.float(), dim=2) @ F.normalize(patches.float(), dim=2).transpose(1, 2)
    return (plan(cost.detach(), meaning, rounds, beta) * cost).sum((1, 2))


@torch.no_grad()
def plan(cost: Tensor, meaning: Tensor, rounds: int = 50, beta: float = 0.5) -> Tensor:
    """What share of each row goes to each column, so that the cost is small: [N, L, M], whose sum is 1.

    cost: [N, L, M]. meaning: [N, L] bool, rows that hold something; they hold the same each, and the columns take the
    same each. beta: step of the proximal point; less is closer to the best plan and takes more rounds.
    """
    rows = meaning.float() / meaning.sum(1, keepdim=True).clamp_min(1)
    count = cost.shape[2]
    kernel = (-cost / beta).exp() * meaning[..., None]
    moved = torch.ones_like(cost) * meaning[..., None]
    scale = torch.full((len(cost), count), 1 / count, device=cost.device)
    for _ in range(rounds):
        mixed = kernel * moved
        left = rows / (mixed @ scale[..., None])[..., 0].clamp_min(1e-12)
        scale = (1 / count) / (mixed * left[..., None]).sum(1).clamp_min(1e-12)
        moved = left[..., None] * mixed * scale[:, None]
    return moved
