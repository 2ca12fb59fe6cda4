"""EG3D: the official decoder and renderer, planes of a field that is a sum, and the critic that knows the camera."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.kinds.camera import orbit
from saddlepoint.nn.backbones.posed_critic import PosedCritic
from saddlepoint.nn.backbones.triplane import PlaneDecoder
from saddlepoint.nn.kernels.triplane import from_planes
from saddlepoint.nn.render.midpoints import marched_between

TINY = {"latent": 4, "style": 4, "plane": 8, "plane_width": 2, "colours": 4, "base": 32, "most": 4, "sharpen_width": 4,
        "coarse": 4, "fine": 2, "shape": (3, 8, 8)}  # fmt: skip
PARITY = Path(__file__).parents[1] / "parity" / "eg3d.npz"


def official() -> tuple[PlaneDecoder, Any, Tensor]:
    file = np.load(PARITY)
    net = PlaneDecoder(6, 5)
    for layer, number in ((net.first, 0), (net.last, 2)):
        layer.weight.data.copy_(torch.from_numpy(file[f"sd.net.{number}.weight"]))
        layer.bias.data.copy_(torch.from_numpy(file[f"sd.net.{number}.bias"]))
    return net, file, torch.from_numpy(file["in.planes"])


@torch.no_grad()
def test_the_official_decoder_gives_the_same_at_places() -> None:
    net, file, planes = official()
    features = from_planes(planes, 2 * torch.from_numpy(file["in.points"]))  # their cube has sides of 1
    assert np.abs(features.numpy() - file["out.feat_fixed"]).max() < 1e-4
    raw, colour = net(features)
    assert np.abs(raw.numpy() - file["out.sigma_fixed"][..., 0]).max() < 1e-4
    assert np.abs(colour.numpy() - file["out.rgb_fixed"]).max() < 1e-4


@torch.no_grad()
def test_the_official_renderer_gives_the_same_light() -> None:
    net, file, planes = official()
    start, ahead = (torch.from_numpy(file[f"out.{name}"])[0] for name in ("ray_origins", "ray_dirs"))
    chance = torch.cat((torch.from_numpy(file["in.u_coarse"])[0, :, :, 0], torch.from_numpy(file["in.u_fine"])), 1)

    def lit(distance: Tensor) -> tuple[Tensor, Tensor]:
        place = start[:, None] + ahead[:, None] * distance[..., None]
        raw, colour = net(from_planes(planes, 2 * place.view(1, -1, 3)))
        return raw.view_as(distance), colour.view(*distance.shape, -1)

    light = marched_between(lit, torch.full((64,), 1.0), torch.full((64,), 2.4), 12, 8, chance)
    assert np.abs((2 * light.colour - 1).numpy() - file["out.render_fixed"][0]).max() < 1e-4
    assert np.abs(light.weight.sum(1).numpy() - file["out.wsum_fixed"][0, :, 0]).max() < 1e-4
    white = light.over(torch.ones(5))
    assert np.abs((2 * white - 1).numpy() - file["out.render_fixed_white"][0]).max() < 1e-4


def test_planes_of_a_sum_of_functions_give_the_sum_and_all_three_are_read() -> None:
    line = (torch.arange(16) + 0.5) / 8 - 1
    planes = torch.zeros(1, 3, 1, 16, 16)
    planes[0, 0, 0], planes[0, 1, 0] = line[None, :], 2 * line[:, None]  # x, then 2 z
    planes[0, 2, 0] = 3 * line[:, None]  # 3 y
    place = torch.rand(1, 9, 3) * 1.8 - 0.9
    x, y, z = place.unbind(2)
    assert torch.allclose(from_planes(planes, place).sum((1, 3)), x + 2 * z + 3 * y, atol=1e-5)


def test_the_critic_compares_the_image_with_the_camera() -> None:
    critic = PosedCritic(6, 8, 32, 4, 4)
    cameras = orbit(torch.tensor([0.0, 2.0]), torch.tensor([0.3, 0.3]), 3.0, 14.0, 8)
    image = torch.rand(1, 6, 8, 8).expand(2, -1, -1, -1)
    one, other = critic(image, cameras)
    assert not torch.allclose(one, other)
