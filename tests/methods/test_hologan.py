"""HoloGAN: the turn of features in space, and a sample from two sides."""

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, ViewBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.camera import Camera, orbit
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import Clock, Update
from saddlepoint.methods.gan.hologan import HoloGAN
from saddlepoint.nn.backbones.hologan import turned

TINY = {"latent": 4, "width": 8, "critic_width": 4, "shape": (3, 32, 32)}


def test_a_quarter_turn_permutes_the_grid() -> None:
    volume = torch.rand(1, 2, 4, 4, 4)
    quarter = torch.tensor([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]])  # about z: x to y, y to minus x
    assert torch.allclose(turned(volume, quarter), volume.transpose(3, 4).flip(3), atol=1e-5)
    assert torch.allclose(turned(volume, torch.eye(3)[None]), volume, atol=1e-6)


def test_what_turns_out_of_the_cube_is_gone() -> None:
    corner = torch.zeros(1, 1, 4, 4, 4)
    corner[..., 0, 0, 0] = 1.0
    eighth = torch.tensor([[[0.5**0.5, -(0.5**0.5), 0.0], [0.5**0.5, 0.5**0.5, 0.0], [0.0, 0.0, 1.0]]])
    assert float(turned(corner, eighth).sum()) < 0.5


def test_the_camera_changes_the_image_and_the_latent_is_told_from_it() -> None:
    method = HoloGAN(latent=4, width=8, critic_width=4)
    nets = method.networks(DataSpec({"image": Image(3, 32, 32), "camera": Camera()}))
    cameras = orbit(torch.tensor([0.0, 2.0]), torch.tensor([0.3, 0.3]), 3.0, 50.0, 32)
    image = nets.generator(torch.rand(1, 4).expand(2, -1), cameras)["image"]
    assert image.shape == (2, 3, 32, 32)
    assert float((image[0] - image[1]).detach().abs().max()) > 1e-4
    verdict = nets.critic(image)
    assert (verdict.logit.shape, verdict.code.shape, verdict.direction, verdict.style) == ((2,), (2, 4), None, None)


def test_with_the_pose_loss_both_players_are_told_where_images_are_seen_from() -> None:
    method = HoloGAN(latent=4, width=8, critic_width=4, pose=1.0)
    nets = method.networks(DataSpec({"image": Image(3, 32, 32), "camera": Camera()}))
    cameras = orbit(torch.tensor([0.0, 2.0]), torch.tensor([0.3, 0.3]), 3.0, 50.0, 32)
    views = ViewBatch(image=torch.rand(2, 3, 32, 32), camera=cameras)
    moves = list(method.train_step(nets, HandDraw(views), Clock()))
    critic, generator = (move.losses for move in moves if isinstance(move, Update))
    assert set(critic) == {"real", "fake", "identity", "pose"}
    assert set(generator) == {"fake", "identity", "pose"}
    direction = nets.critic(views.image).direction
    assert direction is not None
    assert direction.shape == method.directions_of(nets, cameras).shape == (2, 3)


def test_styles_are_judged_by_what_the_instance_norm_takes_out() -> None:
    method = HoloGAN(latent=4, width=8, critic_width=4, styles=1.0)
    nets = method.networks(DataSpec({"image": Image(3, 32, 32), "camera": Camera()}))
    cameras = orbit(torch.tensor([0.0, 2.0]), torch.tensor([0.3, 0.3]), 3.0, 50.0, 32)
    views = ViewBatch(image=torch.rand(2, 3, 32, 32), camera=cameras)
    moves = list(method.train_step(nets, HandDraw(views), Clock()))
    assert all("styles" in move.losses for move in moves if isinstance(move, Update))
    critic = nets.critic.eval()
    maps = critic.maps[:3](views.image)  # up to the first layer that is normalised
    head = critic.styles[0]
    own = head(torch.cat((maps.mean((2, 3)), maps.std((2, 3), correction=0)), 1))
    assert torch.allclose(critic(views.image).style[:, :1], own, atol=1e-5)
    assert critic(views.image).style.shape == (2, 2)


def test_small_images_are_refused() -> None:
    with pytest.raises(ConfigError, match="use --resolution 32"):
        HoloGAN().networks(DataSpec({"image": Image(3, 16, 16), "camera": Camera()}))
