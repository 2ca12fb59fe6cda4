"""SimGAN: its order of moves, its sums by hand, and a refiner that only keeps."""

from typing import Any

import pytest
import torch
from drive import HandDraw, play
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec, UnpairedBatch
from saddlepoint.methods.base import Clock
from saddlepoint.methods.translation.simgan import SimGAN

TINY = {"width": 3, "blocks": 1, "critic_width": 3, "pool": 5, "alone": 0, "critic_alone": 0, "generator_moves": 1}
SMALL: dict[str, Any] = {"width": 4, "blocks": 1, "critic_width": 6, "pool": 0}


def batch() -> UnpairedBatch:
    torch.manual_seed(0)
    return UnpairedBatch(*torch.rand(2, 3, 1, 8, 8) * 2 - 1)


def test_the_refiner_begins_alone_then_the_critic_then_two_moves_for_one() -> None:
    method = SimGAN(**SMALL, alone=2, critic_alone=1)
    nets = method.networks(DataSpec.of((1, 8, 8)))
    order = [
        [update.group for update in method.train_step(nets, HandDraw(batch()), Clock(step=step))]  # type: ignore[union-attr, arg-type]
        for step in (1, 2, 3)
    ]
    assert order == [["generator"] * 2, ["critic"], ["generator", "generator", "critic"]]


def test_losses_are_sums_over_places_and_pixels_and_means_over_images() -> None:
    method = SimGAN(**SMALL, alone=0, critic_alone=0, generator_moves=1, keep=0.25)
    nets, pair = method.networks(DataSpec.of((1, 8, 8))), batch()
    generator, critic = play(method, nets, HandDraw(pair))
    image = nets.generator(pair.a)
    logits = nets.critic(image)
    assert logits.shape == (3, 1, 2, 2)
    keep = 0.25 * (image - pair.a).abs().sum((1, 2, 3)).mean().item()
    assert generator.losses["keep"].item() == pytest.approx(keep, rel=1e-5)  # type: ignore[union-attr]
    score = F.softplus(-logits).sum((1, 2, 3)).mean().item()
    assert generator.losses["fake"].item() == pytest.approx(score, rel=1e-5)  # type: ignore[union-attr]
    real = F.softplus(-nets.critic(pair.b)).sum((1, 2, 3)).mean().item()
    assert critic.losses["real"].item() == pytest.approx(real, rel=1e-5)  # type: ignore[union-attr]


def test_a_refiner_that_is_told_to_keep_alone_comes_nearer_to_its_input() -> None:
    method = SimGAN(**SMALL, alone=1000)
    nets, pair = method.networks(DataSpec.of((1, 8, 8))), batch()
    adam = torch.optim.Adam(nets.generator.parameters(), 1e-2)
    changes = []
    for _ in range(20):
        update: Any = next(method.train_step(nets, HandDraw(pair), Clock()))  # type: ignore[arg-type]
        assert list(update.losses) == ["keep"]
        adam.zero_grad()
        update.losses["keep"].backward()
        adam.step()
        changes.append(update.losses["keep"].item())
    assert changes[-1] < 0.8 * changes[0]
