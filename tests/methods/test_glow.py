"""Glow: the whole flow against autograd's Jacobian, actnorms started from data, priors of the levels, warm-up."""

import math

import pytest
import torch

from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Clock, Networks
from saddlepoint.methods.flow.glow import Glow, WarmUp

TINY = {"completion_moves": 2, "levels": 2, "steps": 2, "width": 8}


def started(method: Glow, images: torch.Tensor) -> Networks:
    torch.manual_seed(0)
    nets = method.networks(DataSpec.of(tuple(images.shape[1:]))).eval()
    with torch.no_grad():
        method.prepare(nets, lambda n: ImageBatch(images[:n]))
    return nets


@pytest.mark.parametrize(("convolution", "coupling"), [("plu", "affine"), ("dense", "affine"), ("plu", "additive")])
def test_the_log_determinant_is_that_of_the_jacobian_and_the_flow_is_undone(convolution: str, coupling: str) -> None:
    method = Glow(convolution=convolution, coupling=coupling, **TINY)
    nets = started(method, torch.rand(40, 1, 4, 4) * 2 - 1).double()
    for parameter in nets.parameters():
        parameter.data += 0.02 * torch.randn_like(parameter)
    x = torch.rand(1, 1, 4, 4, dtype=torch.float64)
    noise, log_det = nets.flow(x)
    jacobian = torch.autograd.functional.jacobian(lambda one: nets.flow(one)[0], x).reshape(16, 16)
    assert log_det.item() == pytest.approx(torch.linalg.slogdet(jacobian).logabsdet.item(), abs=1e-5)
    back, log_det_back = nets.flow.inverse(noise)
    assert torch.allclose(back, x, atol=1e-5)
    assert log_det_back.item() == pytest.approx(-log_det.item(), abs=1e-5)


def test_actnorms_begin_with_the_data_even_where_a_channel_is_constant() -> None:
    images = torch.rand(64, 3, 4, 4) * 0.2 - 0.9
    images[:, 1] = -1.0
    nets = started(Glow(**TINY), images)
    noise, log_det = nets.flow((images + 1) / 2)
    assert torch.isfinite(noise).all()
    assert torch.isfinite(log_det).all()
    assert 0.5 < noise.std() < 2


def test_the_prior_of_a_level_is_what_the_rest_of_it_states() -> None:
    method = Glow(**TINY)
    nets = started(method, torch.rand(40, 1, 4, 4) * 2 - 1)
    prior = nets.flow.layers.priors[0].network.convolution
    x = torch.rand(1, 1, 4, 4)
    before, log_det = nets.flow(x)
    prior.bias.data[:2], prior.bias.data[2:] = 1.0, math.log(2)  # mean 1, deviation 2 of the 8 numbers that are done
    after, changed = nets.flow(x)
    assert torch.allclose(after[:, :8], (before[:, :8] - 1) / 2, atol=1e-5)
    assert torch.equal(after[:, 8:], before[:, 8:])
    assert changed.item() == pytest.approx(log_det.item() - 8 * math.log(2), abs=1e-4)


def test_the_rate_warms_up_and_sides_that_cannot_be_halved_are_refused() -> None:
    rate = WarmUp(1e-3, 100)
    assert [rate(Clock(examples=n, fresh=10)) for n in (0, 40, 500)] == pytest.approx([1e-4, 5e-4, 1e-3])
    with pytest.raises(ConfigError, match="--resolution 24 or fewer --levels"):
        Glow().networks(DataSpec.of((1, 28, 28)))


def test_points_flow_as_well() -> None:
    method = Glow(**TINY)
    nets = started(method, torch.randn(50, 3) * 4 + 1)
    points = torch.randn(5, 3)
    assert torch.allclose(method.reconstruct(nets, points), points, atol=1e-4)
    assert method.log_likelihood(nets, points, 1, 0).shape == (5,)
