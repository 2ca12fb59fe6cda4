"""Boxes: overlap, and which of the guessed ones belong to which of the true ones.

Boxes are [..., 4]: centre x and y, width and height, in shares of the image.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor


def edges(boxes: Tensor) -> Tensor:
    """Left, top, right and bottom.  [..., 4]"""
    centre, size = boxes[..., :2], boxes[..., 2:]
    return torch.cat((centre - size / 2, centre + size / 2), -1)


def overlaps(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Of each box of the first [..., N, 4] with each of the second [..., M, 4]: intersection over union, and the
    generalised one, [..., N, M].

    The second figure is less by the share of the box around both that neither covers, from -1 to 1, and has a slope
    where the two are apart. Source: Rezatofighi et al. 2019, arXiv:1902.09630, algorithm 1.
    """
    one, two = edges(first)[..., :, None, :], edges(second)[..., None, :, :]
    areas = [(each[..., 2:] - each[..., :2]).clamp_min(0).prod(-1) for each in (one, two)]
    inner = (
        (torch.minimum(one[..., 2:], two[..., 2:]) - torch.maximum(one[..., :2], two[..., :2])).clamp_min(0).prod(-1)
    )
    union = areas[0] + areas[1] - inner
    share = inner / union.clamp_min(1e-12)
    outer = (
        (torch.maximum(one[..., 2:], two[..., 2:]) - torch.minimum(one[..., :2], two[..., :2])).clamp_min(0).prod(-1)
    )
    return share, share - (outer - union) / outer.clamp_min(1e-12)


@torch.no_grad()
def matched(costs: Tensor, counts: Sequence[int]) -> Tensor:
    """The guess that each true box is given, so that the costs of an image sum to the least: int64 [M].

    costs: [N, Q, M], of the guesses of each image with the true boxes of all. counts: true boxes of each image, in
    order, at most Q. Source: Kuhn 1955, doi:10.1002/nav.3800020109.
    """
    table, first, picked = costs.float().cpu().numpy(), 0, list[int]()
    for rows, count in zip(table, counts):
        guess, truth = linear_sum_assignment(rows[:, first : first + count])
        picked += guess[truth.argsort()].tolist()
        first += count
    return torch.tensor(picked, dtype=torch.long, device=costs.device)
