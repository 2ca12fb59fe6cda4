"""Losses of embeddings: by hand on three points, semi-hard negatives by brute force, finite for equal images."""

import pytest
import torch
from torch import Tensor

from saddlepoint.losses.embedding import contrastive, triplet

POINTS = torch.tensor([[0.0, 0.0], [0.6, 0.0], [0.0, 0.8]])
LABEL = torch.tensor([0, 0, 1])


def test_contrastive_by_hand() -> None:
    """Pairs: 0-1 of one class at .6; 0-2 at .8 and 1-2 at 1, which is far enough. Not the square in the hinge."""
    losses = contrastive(POINTS, LABEL, margin=1.0)
    assert losses["same"].item() == pytest.approx(0.5 * 0.6**2, rel=1e-5)
    assert losses["other"].item() == pytest.approx(0.5 * (0.2**2 + 0) / 2, rel=1e-4)


def test_triplet_by_hand() -> None:
    """Anchor 0: positive .36, negative .64; anchor 1: positive .36, negative 1. Squares of distances."""
    assert triplet(POINTS, LABEL, margin=0.5).item() == pytest.approx((0.36 - 0.64 + 0.5 + 0) / 2, rel=1e-5)


def by_hand(embedding: Tensor, label: Tensor, margin: float) -> Tensor:
    terms = []
    for anchor in range(len(label)):
        for positive in range(len(label)):
            if positive == anchor or label[positive] != label[anchor]:
                continue
            far = (embedding[anchor] - embedding).square().sum(1)
            negatives = far[label != label[anchor]]
            farther = negatives[negatives > far[positive]]
            negative = farther.min() if len(farther) else negatives.max()
            terms.append((far[positive] - negative + margin).clamp_min(0))
    return torch.stack(terms).mean()


def test_semi_hard_negatives_are_those_of_brute_force() -> None:
    torch.manual_seed(0)
    for _ in range(5):
        embedding, label = torch.randn(12, 3), torch.randint(3, (12,))
        assert triplet(embedding, label, 0.3).item() == pytest.approx(by_hand(embedding, label, 0.3).item(), rel=1e-5)


def test_equal_images_have_a_finite_gradient() -> None:
    embedding = torch.zeros(4, 3, requires_grad=True)
    label = torch.tensor([0, 0, 1, 1])
    for loss in (sum(contrastive(embedding, label, 1.0).values()), triplet(embedding, label, 0.2)):
        (gradient,) = torch.autograd.grad(loss, embedding)
        assert bool(torch.isfinite(gradient).all())


@pytest.mark.parametrize("label", [torch.zeros(4).long(), torch.arange(4)])
def test_a_batch_of_one_class_or_of_all_different_ones_has_no_pairs_of_a_kind(label: Tensor) -> None:
    embedding = torch.randn(4, 3)
    losses = contrastive(embedding, label, 5.0)
    assert (losses["same"] == 0) != (losses["other"] == 0)
    assert triplet(embedding, label, 0.2).item() == 0
