"""HDR-GAN: the public attention network answers alike, points on a sphere, and light by its logarithm."""

import math

import pytest
import torch
from official_networks import Official

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.losses.sphere import moments, pole_distance
from saddlepoint.methods.restoration.hdr_gan import HDRGAN
from saddlepoint.nn.backbones.ahdrnet import AHDRNet

TINY = {
    "shape": (3, 16, 16),
    "source_shape": (9, 16, 16),
    "width": 2,
    "layers": 1,
    "growth": 2,
    "critic_width": 2,
    "adversarial": 0.1,
}


def test_the_public_network_answers_alike() -> None:
    """Two layers of its own are never used."""
    official = Official("deepdeblur_ahdrnet")
    network = official.into(AHDRNet(6, 3, 8, 3, 4), "ahdr.", ("attConv",))
    official.check(network(torch.cat([official.input(f"h{number}") for number in (1, 2, 3)], 1)), "ahdr")


def test_a_point_in_the_middle_lies_opposite_the_pole_and_a_far_one_at_it() -> None:
    points = torch.tensor([[0.0, 0.0], [1.0, 0.0], [3e6, 4e6]])
    far = pole_distance(points)
    assert far.tolist() == pytest.approx([math.pi, math.pi / 2, 0.0], abs=1e-5)
    squares = points[:2].square().sum(1)
    assert torch.allclose(far[:2], torch.arccos((squares - 1) / (squares + 1)), atol=1e-6)
    assert moments(points[1:2]).item() == pytest.approx(sum((math.pi / 2) ** power for power in (1, 2, 3)), rel=1e-5)


def test_light_is_compared_by_its_logarithm() -> None:
    light = torch.linspace(0, 1, 5)
    shown = HDRGAN().compressed(light)
    assert (shown[0].item(), shown[-1].item()) == (0.0, pytest.approx(1.0))
    assert torch.allclose(torch.expm1(shown * math.log1p(5000)) / 5000, light, atol=1e-6)


def test_other_pairs_are_refused() -> None:
    image = Image(3, 16, 16)
    with pytest.raises(ConfigError, match="exposures1:FOLDER"):
        HDRGAN().networks(DataSpec({"source": image, "target": image}))
