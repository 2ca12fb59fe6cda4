"""Pruning: the smallest weights become nothing, in steps, and the rest learns to make up for them.

By magnitude, each layer losing the same share, with training between the steps: Han et al. 2015, arXiv:1506.02626. The
training is by imitation of the original. What is gained is the size of the folder: the zeros are not stored. No call
gets faster, since processors multiply by zero as fast as by anything else; `distil` makes calls faster.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from saddlepoint.checkpoint.model import Model
from saddlepoint.deploy.compress.feed import Feed
from saddlepoint.deploy.compress.imitate import imitate
from saddlepoint.deploy.parts import parts_of

SHARES = (0.5, 0.7, 0.8, 0.9, 0.95)
"""of the weights that are taken, one after the other, until the model is worse than it may be"""
_FEWEST = 1024  # a smaller weight is left alone: it saves nothing


def pruned(
    model: Model,
    share: float,
    original: Model,
    feed: Feed,
    *,
    steps: int,
    batch: int,
    lr: float,
    say: Callable[[str], object] = lambda text: None,
) -> Model:
    """A copy of `model` in which a share of each layer's weights is zero, trained to imitate `original`."""
    facts = {
        **model.facts,
        "made_from": {"version": original.version, "by": f"pruning of {share:.0%} of the weights"},
        "figures": {},
    }
    small = Model(model.method, copy.deepcopy(model.nets), model.spec, facts, model.clock, model.path, model.home)
    parts = parts_of(small, adjustable=False)
    masks = {weight: _smallest(weight, share) for part in parts for weight in _prunable(part.module)}

    @torch.no_grad()
    def cut() -> None:
        for weight, mask in masks.items():
            weight.masked_fill_(mask, 0.0)

    cut()
    imitate(
        parts,
        parts_of(original, adjustable=False),
        feed,
        steps=steps,
        batch=batch,
        lr=lr,
        new=False,
        after=cut,
        say=say,
    )
    return small


def _prunable(module: nn.Module) -> list[nn.Parameter]:
    return [weight for weight in module.parameters() if weight.dim() >= 2 and weight.numel() >= _FEWEST]


def _smallest(weight: Tensor, share: float) -> Tensor:
    """Where a weight is among the smallest of its layer."""
    size = weight.detach().abs()
    return size <= size.flatten().kthvalue(max(1, round(size.numel() * share))).values
