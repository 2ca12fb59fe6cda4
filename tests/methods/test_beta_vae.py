"""beta-VAE: the weight presses on the whole divergence, and the bound is reported without it."""

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.abilities import HasLikelihood, Infers, LatentSpace
from saddlepoint.methods.autoencoder.beta_vae import BetaVAE
from saddlepoint.methods.autoencoder.vae import VAE
from saddlepoint.methods.base import Clock

TINY = {"latent": 4, "width": 8}


def test_the_loss_is_that_of_a_vae_with_the_divergence_weighed() -> None:
    image = torch.rand(6, 1, 8, 8) * 2 - 1
    torch.manual_seed(0)
    nets = VAE(**TINY).networks(DataSpec.of((1, 8, 8)))
    plain, pressed = (
        next(method.train_step(nets, HandDraw(image), Clock())) for method in (VAE(**TINY), BetaVAE(beta=6.0, **TINY))
    )
    assert pressed.losses["reconstruction"] == plain.losses["reconstruction"]
    assert pressed.losses["divergence"].item() == pytest.approx(6 * plain.losses["divergence"].item())
    assert pressed.watch["bound"] == plain.watch["bound"]


def test_it_can_what_a_vae_can() -> None:
    method = BetaVAE(**TINY)
    assert isinstance(method, LatentSpace)
    assert isinstance(method, Infers)
    assert isinstance(method, HasLikelihood)
