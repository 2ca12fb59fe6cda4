"""Relocation of Gaussians: what is seen stays what it was."""

import torch

from saddlepoint.nn.render.relocation import jitter, relocated


def test_copies_are_together_as_opaque_in_the_middle_as_the_one_was() -> None:
    opacity, copies = torch.tensor([0.9, 0.5, 0.3, 0.99]).double(), torch.tensor([1, 2, 5, 20])
    thin, _ = relocated(opacity, copies)
    assert torch.allclose(1 - (1 - thin) ** copies, opacity)


def test_copies_have_together_nearly_the_bell_of_the_one() -> None:
    opacity, copies = torch.tensor([0.8]).double(), torch.tensor([4])
    thin, times = relocated(opacity, copies)
    x = torch.linspace(-20, 20, 8001).double()
    one = opacity * torch.exp(-x * x / 2)
    many = 1 - (1 - thin * torch.exp(-((x / times) ** 2) / 2)) ** 4
    assert torch.allclose(one.sum(), many.sum(), rtol=1e-6)  # along a line through the middle, eq. 9's condition
    assert float((one - many).abs().max()) < 0.05
    assert relocated(opacity, torch.tensor([1]))[1].item() == 1


def test_jitter_follows_the_covariance_and_leaves_what_is_opaque() -> None:
    noise = torch.randn(20_000, 3, generator=torch.Generator().manual_seed(0)).double()
    scale = torch.tensor([[1.0, 0.5, 0.1]]).double().expand(20_000, 3)
    turn = torch.tensor([[0.5**0.5, 0, 0, 0.5**0.5]]).double().expand(20_000, 4)  # x to y
    moved = jitter(noise, scale, turn, torch.zeros(20_000).double())
    assert torch.allclose(
        moved.std(0) / torch.sigmoid(torch.tensor(0.5)), torch.tensor([0.25, 1, 0.01]).double(), rtol=0.03
    )
    assert float(jitter(noise, scale, turn, torch.full((20_000,), 0.9).double()).abs().max()) < 1e-30
