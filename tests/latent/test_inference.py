"""Inference: means and draws of a model's own encoder, and what is said where there is none."""

import pytest
import torch
from small_models import model

from saddlepoint.errors import CapabilityError
from saddlepoint.latent.inference import check_infers, infer
from saddlepoint.methods.abilities import Infers, Reconstructs

IMAGES = torch.rand(10, 3, 16, 16, generator=torch.manual_seed(0)) * 2 - 1


class Pointwise:
    """An encoder that gives one point, the mean colour."""

    def encode(self, nets, images):
        return images.mean((2, 3))

    def reconstruct(self, nets, images):
        return images


def test_means_are_what_encode_returns_in_batches_of_any_size():
    vae = model("vae")
    assert isinstance(vae.method, Infers)
    found = infer(vae, IMAGES, batch=3)
    assert torch.allclose(found.mean, vae.method.encode(vae.nets, IMAGES), atol=1e-5)
    assert found.drawn.shape == (0, 10, 50)


def test_draws_have_the_mean_and_the_deviation_that_the_encoder_states():
    vae = model("vae")
    found = infer(vae, IMAGES[:2], draws=4000)
    mean, log_variance = vae.method.posterior(vae.nets, IMAGES[:2])
    assert torch.allclose(found.drawn.mean(0), mean, atol=0.1)
    assert torch.allclose(found.drawn.std(0), (log_variance / 2).exp(), rtol=0.1)


def test_draws_are_a_function_of_the_seed():
    vae = model("vae")
    one, same, other = (infer(vae, IMAGES, draws=2, seed=seed).drawn for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_an_encoder_of_points_has_means_alone(monkeypatch):
    pointwise = model("vae", side=8)
    monkeypatch.setattr(pointwise, "method", Pointwise())
    assert isinstance(pointwise.method, Reconstructs)
    assert torch.equal(infer(pointwise, IMAGES).mean, IMAGES.mean((2, 3)))
    with pytest.raises(CapabilityError, match=r"as one point, not as a distribution: draw none, or use .*vae"):
        check_infers(pointwise, draws=2)


def test_a_method_that_does_not_encode_is_told_which_ones_do():
    with pytest.raises(CapabilityError, match=r"dcgan does not encode given images; of the methods here .*vae.* can"):
        infer(model("dcgan"), IMAGES)
