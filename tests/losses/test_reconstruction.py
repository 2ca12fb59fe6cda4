"""Distances of images, each by hand."""

import pytest
import torch

from saddlepoint.losses.reconstruction import Distance, distance


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("l1", 0.3), ("mse", 0.1), ("charbonnier", 0.3), ("psnr", -10.0)],
)
def test_distances_are_those_by_hand(kind: Distance, wanted: float) -> None:
    one = torch.tensor([[0.1, 0.5]]) if kind in ("l1", "charbonnier") else torch.tensor([[0.2**0.5, 0.0]])
    assert distance(kind, one, torch.zeros_like(one)).item() == pytest.approx(wanted, abs=1e-3)
