"""Patch-Global GAN: known pixels stay, two verdicts from one trunk that both train, sizes that fit."""

import pytest
import torch
from drive import HandDraw, play
from test_context_encoder import pair

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.restoration.patch_global_inpainting import PatchGlobalInpainting
from saddlepoint.nn.backbones.inpainting import PatchGlobalCritic

TINY = {
    "shape": (1, 16, 16),
    "source_shape": (2, 16, 16),
    "width": 2,
    "blocks": 1,
    "critic_width": 2,
    "halvings": 2,
}


def test_both_verdicts_train_the_one_trunk() -> None:
    critic, image = PatchGlobalCritic(1, 2, 2), torch.rand(2, 1, 16, 16)
    patches, whole = critic(image)
    assert patches.shape == (2, 1, 4, 4)
    assert whole.shape == (2, 1)
    for verdict in critic(image):
        (slope,) = torch.autograd.grad(verdict.sum(), critic.trunk[0].weight, retain_graph=True)
        assert slope.abs().sum() > 0


def test_known_pixels_stay_and_both_verdicts_are_added() -> None:
    method, batch = PatchGlobalInpainting(width=2, blocks=1, critic_width=2, halvings=2), pair()
    nets = method.networks(DataSpec({"source": Image(2, 16, 16), "target": Image(1, 16, 16)}))
    result = method.translate(nets, batch.source, "source")
    known = batch.source[:, 1:] > 0
    assert torch.equal(result[known], batch.target[known])
    _, generator = play(method, nets, HandDraw(batch))
    by_hand = 0.0025 * sum(torch.nn.functional.softplus(-each).mean() for each in nets.critic(result))
    assert generator.losses["fake"].item() == pytest.approx(by_hand.item(), rel=1e-4)


def test_a_side_that_is_not_divided_is_refused() -> None:
    with pytest.raises(ConfigError, match="--resolution 16"):
        PatchGlobalInpainting().networks(DataSpec({"source": Image(4, 18, 18), "target": Image(3, 18, 18)}))
