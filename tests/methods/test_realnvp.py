"""RealNVP: the whole flow against autograd's Jacobian and its own inverse, its density, its bound of levels."""

import math

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.losses.likelihood import LEVELS
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.base import Networks
from saddlepoint.methods.flow.realnvp import RealNVP
from saddlepoint.nn.layers.coupling import Coupling

TINY = {"completion_moves": 2, "width": 4, "blocks": 1, "couplings": 4, "widths": (16,)}


def random(method: RealNVP, *shape: int) -> Networks:
    """Networks in float64 whose couplings do something."""
    torch.manual_seed(0)
    nets = method.networks(DataSpec.of(shape)).double().eval()
    for parameter in nets.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return nets


@pytest.mark.parametrize("shape", [(2,), (1, 4, 4), (3, 2, 4)])
def test_log_determinants_are_those_of_the_jacobian_there_and_back(shape: tuple[int, ...]) -> None:
    nets, x = random(RealNVP(**TINY), *shape), torch.rand(2, *shape, dtype=torch.float64)
    noise, log_det = nets.flow(x)
    back, log_det_back = nets.flow.inverse(noise)
    assert torch.allclose(back, x, atol=1e-8)
    for number in range(2):
        jacobian = torch.autograd.functional.jacobian(lambda one: nets.flow(one)[0], x[number : number + 1])
        wanted = torch.linalg.slogdet(jacobian.reshape(math.prod(shape), -1)).logabsdet
        assert log_det[number].item() == pytest.approx(wanted.item(), abs=1e-5)
        jacobian = torch.autograd.functional.jacobian(lambda z: nets.flow.inverse(z)[0], noise[number : number + 1])
        wanted = torch.linalg.slogdet(jacobian.reshape(math.prod(shape), -1)).logabsdet
        assert log_det_back[number].item() == pytest.approx(wanted.item(), abs=1e-5)


def test_the_density_of_points_integrates_to_one() -> None:
    method = RealNVP(**TINY)
    axis = torch.linspace(-12, 12, 601, dtype=torch.float64)
    density = method.log_density(random(method, 2), torch.cartesian_prod(axis, axis)).exp()
    assert (density.sum() * (axis[1] - axis[0]) ** 2).item() == pytest.approx(1, abs=1e-3)


class Even(nn.Module):
    """A flow under which every place of the unit cube is alike."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        noise = torch.zeros_like(x.flatten(1))
        return noise, noise.shape[1] * 0.5 * math.log(2 * math.pi) + noise.sum(1)


def test_nats_of_images_are_of_their_levels_and_the_bound_depends_on_image_and_seed_alone() -> None:
    method, image = RealNVP(**TINY), torch.randint(0, 256, (3, 1, 4, 4)) / 127.5 - 1
    even = method.log_likelihood(Networks(flow=Even()), image, 3, 0)
    assert torch.allclose(even, torch.full((3,), -16 * math.log(LEVELS)), atol=1e-3)
    nets = random(method, 1, 4, 4).float()
    together = method.log_likelihood(nets, image, 4, 1)
    assert torch.allclose(together[1:2], method.log_likelihood(nets, image[1:2], 4, 1), atol=1e-3)
    assert not torch.allclose(together, method.log_likelihood(nets, image, 4, 2), atol=1e-4)


def test_images_come_back_from_their_latents_level_by_level() -> None:
    method, image = RealNVP(**TINY), torch.randint(0, 256, (3, 1, 4, 4)) / 127.5 - 1
    nets = random(method, 1, 4, 4).float()
    assert torch.allclose(method.generate(nets, method.encode(nets, image)), image, atol=1e-3)
    assert torch.allclose(method.reconstruct(nets, image), image, atol=1e-3)


def test_a_lower_temperature_leaves_less_variety() -> None:
    method = RealNVP(**TINY)
    nets = method.networks(DataSpec.of((2,)))
    latents = method.latents(nets, 500, 0)
    assert method.generate(nets, latents, Sampling(temperature=0.5)).std().item() == pytest.approx(
        0.5 * method.generate(nets, latents).std().item(), rel=1e-4
    )


def test_only_gains_are_decayed_and_a_network_begins_as_nothing() -> None:
    method = RealNVP(decay=0.5, **TINY)
    nets = method.networks(DataSpec.of((2,)))
    gains = [module.gain for module in nets.modules() if isinstance(module, Coupling)]
    assert method.penalties(nets)["gains"].item() == pytest.approx(0.25 * sum(len(gain) for gain in gains))
    with pytest.raises(ConfigError, match=r"--resolution 4 or fewer --scales"):
        RealNVP(scales=3, **TINY).networks(DataSpec.of((1, 7, 7)))
