"""NICE: volumes are kept but for one scale of each number; the noise is logistic; what it says of latents is exact."""

import math

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.methods.abilities import HasLikelihood, LatentSpace, Reconstructs, by_label
from saddlepoint.methods.base import Clock
from saddlepoint.methods.flow.nice import NICE
from saddlepoint.nn.layers.coupling import ActNorm

TINY = {"completion_moves": 2, "couplings": 2, "widths": (8,)}


def test_volumes_change_by_the_last_scale_alone() -> None:
    nets = NICE(**TINY).networks(DataSpec.of((1, 5, 7)))
    (scale,) = (module for module in nets.modules() if isinstance(module, ActNorm))
    scale.log_scale.data.normal_()
    _, log_det = nets.flow(torch.rand(3, 1, 5, 7))
    assert torch.allclose(log_det, scale.log_scale.sum().expand(3), atol=1e-5)


def test_the_loss_is_minus_the_logistic_density_of_what_comes_out() -> None:
    method = NICE(couplings=1, widths=(4,))
    nets = method.networks(DataSpec.of((2,)))
    for parameter in nets.parameters():
        parameter.data.zero_()
    points = torch.tensor([[0.0, 2.0]])
    update = next(method.train_step(nets, HandDraw(points), Clock()))
    logistic = -2 * math.log(2) - 2 * math.log1p(math.exp(-2.0)) - 2.0  # f(0) f(2), f(z) = e^-z / (1 + e^-z)^2
    assert update.losses["nats"].item() == pytest.approx(-logistic, rel=1e-5)


def test_latents_are_even_and_their_noise_is_logistic() -> None:
    method = NICE(**TINY)
    nets = method.networks(DataSpec.of((2,))).eval()
    assert isinstance(method, LatentSpace | HasLikelihood | Reconstructs)
    latents = method.latents(nets, 20_000, 0)
    assert latents.abs().max() <= 1
    for parameter in nets.parameters():
        parameter.data.zero_()
    points = method.generate(nets, latents)
    assert points.std().item() == pytest.approx(math.pi / math.sqrt(3), rel=0.02)
    assert torch.isfinite(method.generate(nets, torch.tensor([[-1.0, 1.0]]))).all()
    assert torch.allclose(method.encode(nets, points), latents, atol=1e-5)
    with pytest.raises(CapabilityError, match="without labels"):
        method.generate(nets, latents[:1], by_label(torch.zeros(1, dtype=torch.int64)))


def test_a_single_number_cannot_be_coupled() -> None:
    with pytest.raises(ConfigError, match="only one"):
        NICE(**TINY).networks(DataSpec.of((1,)))
