"""Mip-NeRF: pieces of cones against their integrals, what distance and size do to a wave, and the sizes of views."""

from typing import Any

import pytest
import torch
from drive import HandDraw, play

from saddlepoint.data.batches import DataSpec, ViewBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.camera import Camera, orbit
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import Clock
from saddlepoint.methods.radiance.mip_nerf import Field, MipNeRF, smaller
from saddlepoint.nn.render.cones import PIXEL, blurred, frustums

TINY = {
    "shape": (3, 12, 12),
    "rays": 8,
    "octaves": 3,
    "view_octaves": 1,
    "layers": 2,
    "width": 8,
    "skip": 1,
    "samples": 4,
    "scales": 2,
}
SMALL = {"rays": 16, "octaves": 4, "view_octaves": 1, "layers": 2, "width": 16, "skip": 0, "samples": 8}
CAMERA = orbit(torch.tensor([0.0, 1.0]), torch.tensor([0.3, 0.5]), 4.0, 20.0, 16)


def spec(side: int) -> DataSpec:
    return DataSpec({"image": Image(3, side, side), "camera": Camera()})


def begun(**settings: Any) -> tuple[MipNeRF, Any]:
    method = MipNeRF(**{**SMALL, **settings})
    torch.manual_seed(0)
    return method, method.networks(spec(16))


@pytest.mark.parametrize("edges", [(1.0, 3.0), (2.0, 2.001), (0.1, 5.0)])
def test_a_piece_of_a_cone_has_the_moments_of_its_integral(edges: tuple[float, float]) -> None:
    near, far = edges
    ahead = torch.nn.functional.normalize(torch.tensor([[1.0, 2.0, -1.0]]).double(), dim=1)
    start, radius = torch.tensor([[0.5, 0.0, 1.0]]).double(), torch.tensor([0.3]).double()
    mean, variance = frustums(start, ahead, radius, torch.tensor([[near, far]]).double())

    def moment(power: int) -> float:  # of t, whose density is that of the disc's area, t^2
        total = (far**3 - near**3) / 3
        return (far ** (3 + power) - near ** (3 + power)) / (3 + power) / total

    along, across = moment(2) - moment(1) ** 2, 0.3**2 * moment(2) / 4
    assert torch.allclose(mean[0], start + moment(1) * ahead, atol=1e-9)
    expected = along * ahead.square() + across * (1 - ahead.square())
    assert torch.allclose(variance[0], expected, rtol=1e-5, atol=1e-10)


def test_weights_are_blurred_by_the_larger_of_neighbours() -> None:
    weight = torch.tensor([[0.0, 0.0, 1.0, 0.0, 0.0]])
    assert blurred(weight, 0.01)[0].tolist() == pytest.approx([0.01, 0.51, 1.01, 0.51, 0.01])


def test_a_wide_piece_loses_its_short_waves_and_keeps_its_long_ones() -> None:
    field = Field(8, 1, 2, 8, 0)
    waves: list[torch.Tensor] = []
    field.trunk[0].register_forward_hook(lambda layer, inputs, output: waves.append(inputs[0]))
    for variance in (0.0, 0.01):
        field(torch.full((1, 3), 0.4), torch.full((1, 3), variance), torch.tensor([[0.0, 0, 1]]))
    assert float(waves[1][0, :6].norm() / waves[0][0, :6].norm()) > 0.99
    assert float(waves[1][0, -6:].norm()) < 1e-3


def test_the_cone_of_a_pixel_has_the_pixels_variance_at_the_axis() -> None:
    method, _ = begun()
    _, radius = method._cones(CAMERA[:1], torch.tensor([[[8.0, 8.0]]]))
    assert radius.item() == pytest.approx(PIXEL / 20)
    assert pytest.approx(1 / 12) == (PIXEL**2 / 4)  # a disc's variance is r^2 / 4, that of a pixel 1 / 12
    _, half = method._cones(smaller(CAMERA[:1], 2), torch.tensor([[[4.0, 4.0]]]))
    assert half.item() == pytest.approx(2 * radius.item())


def test_both_passes_learn_the_one_network_and_each_size_comes_in_its_turn() -> None:
    method, nets = begun(scales=3)
    batch = ViewBatch(torch.rand(2, 3, 16, 16), CAMERA)
    (update,) = play(method, nets, HandDraw(batch))
    assert set(update.losses) == {"coarse", "fine"}
    for name in update.losses:
        one: Any = next(method.train_step(nets, HandDraw(batch), Clock()))
        slopes = torch.autograd.grad(one.losses[name], list(nets.field.parameters()), allow_unused=True)
        assert all(slope is not None for slope in slopes), name


def test_views_of_half_the_size_are_drawn_by_wider_cones() -> None:
    method, nets = begun()
    with torch.no_grad():
        whole, half = (method.render(nets, smaller(CAMERA, times)) for times in (1, 2))
        rays = MipNeRF(**{**SMALL, "cones": False}).render(nets, smaller(CAMERA, 2))
    assert whole["image"].shape == (2, 3, 16, 16)
    assert half["image"].shape == (2, 3, 8, 8)
    assert not torch.equal(half["image"], rays["image"])


def test_the_rate_rises_and_falls() -> None:
    method = MipNeRF(warm_up=0.1)
    rates = [method._rate(Clock(examples=examples, total=100)) for examples in (0, 10, 100)]
    assert rates == pytest.approx([5e-6, 5e-4 * 0.01**0.1, 5e-6])


def test_sizes_that_cannot_be_halved_are_refused() -> None:
    with pytest.raises(ConfigError, match="do not allow"):
        MipNeRF(scales=4).networks(spec(12))
