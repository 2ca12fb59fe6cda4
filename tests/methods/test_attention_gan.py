"""AttentionGAN: a mask of nothing new leaves an image, masks sum to one, and the losses of the family by hand."""

from typing import Any

import numpy as np
import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, UnpairedBatch
from saddlepoint.data.world.discs import both
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Clock
from saddlepoint.methods.translation.attention_gan import AttentionGAN
from saddlepoint.nn.backbones.attention_translator import AttentionTranslator

TINY = {
    "blocks": 1, "parts": 2, "generator_width": 2, "critic_width": 2, "halvings": 1, "pool": 3, "shape": (3, 12, 12),
}  # fmt: skip


@torch.no_grad()
def test_a_mask_of_nothing_new_leaves_the_image() -> None:
    torch.manual_seed(0)
    network, image = AttentionTranslator(3, 2, 1, 4).eval(), torch.rand(2, 3, 8, 8) * 2 - 1
    assert network.change(image).shape == (2, 1, 8, 8)
    network.masks.bias[-1] = 100.0
    assert torch.allclose(network(image), image, atol=1e-5)
    assert network.change(image).max() < 1e-5
    network.masks.bias[-1] = -100.0
    network.contents.weight.zero_()
    assert network(image).abs().max() < 1e-5  # masks of the others sum to 1, and their images are grey
    assert torch.allclose(network.change(image), torch.ones(2, 1, 8, 8))


def test_the_generators_losses_are_those_of_cyclegan() -> None:
    torch.manual_seed(0)
    settings: dict[str, Any] = {key: value for key, value in TINY.items() if key != "shape"}
    method = AttentionGAN(**settings, cycle=10, identity=5)
    nets = method.networks(DataSpec.of((1, 12, 12)))
    batch = UnpairedBatch(*torch.rand(2, 2, 1, 12, 12) * 2 - 1)
    update: Any = next(method.train_step(nets, HandDraw(batch), Clock()))  # type: ignore[arg-type]
    fake = nets.a2b(batch.a)
    assert update.losses["fake_b"].item() == pytest.approx((nets.critic_b(fake) - 1).square().mean().item(), rel=1e-4)
    cycle = 10 * (nets.b2a(fake) - batch.a).abs().mean().item()
    assert update.losses["cycle_a"].item() == pytest.approx(cycle, rel=1e-4)
    identity = 5 * (nets.a2b(batch.b) - batch.b).abs().mean().item()
    assert update.losses["identity_b"].item() == pytest.approx(identity, rel=1e-4)


def test_in_the_world_of_discs_the_disc_alone_differs() -> None:
    forms = both(np.arange(4), 32).astype(int)
    changed = (forms[:, 0] != forms[:, 1]).any(1)
    assert 0.05 < changed.mean() < 0.2


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(ConfigError, match="do not come in pairs"):
        AttentionGAN(objective="relativistic")
