"""Surfels: their blend by weight, against volumes and by hand, and where they begin."""

from typing import Any

import numpy as np
import pytest
import torch

from saddlepoint.data.batches import DataSpec, ViewBatch
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.world.scene import distances
from saddlepoint.kinds.camera import Camera, orbit, pose_of
from saddlepoint.kinds.image import Image
from saddlepoint.methods.splat.surfels import Surfels
from saddlepoint.nn.kernels.splat import Projected, draw, draw_surface, planes, project, rotations

TINY = {"shape": (3, 12, 12), "surfels": 40}
CAMERA = orbit(torch.tensor([0.0]), torch.tensor([0.0]), 4.0, 40.0, 24)[0]
WHITE = torch.ones(3)


def wall(count: int, away: float, colour: list[float]) -> tuple[torch.Tensor, ...]:
    """Discs that face the camera, spread over a wall that is `away` behind the origin."""
    place = torch.rand(count, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1
    place[:, 0] = -away
    turn = torch.tensor([0.5**0.5, 0.0, 0.5**0.5, 0.0]).expand(count, 4)  # the third axis to x
    return place, torch.tensor([0.12, 0.12, 1e-4]).expand(count, 3), turn, torch.tensor([colour]).expand(count, 3)


def view(parts: tuple[torch.Tensor, ...], window: float) -> tuple[torch.Tensor, ...]:
    place, scale, turn, colour = parts
    splats = project(place, scale, turn, pose_of(CAMERA), CAMERA[16:])
    plane = planes(place, rotations(turn)[:, :, 2], pose_of(CAMERA), CAMERA[16:])
    return draw_surface(splats, plane, colour, WHITE, 24, 24, window)


def test_equal_colours_blend_to_that_colour_and_the_depth_is_the_walls() -> None:
    picture, cover, depth = view(wall(400, 0.5, [0.2, 0.6, 0.4]), 0.05)
    assert float(cover[12, 12]) > 0.99
    assert torch.allclose(picture[:, 12, 12], torch.tensor([0.2, 0.6, 0.4]), atol=0.01)
    assert float(depth[12, 12]) == pytest.approx(4.5, abs=1e-3)


def test_the_wall_in_front_hides_the_one_behind_beyond_the_window() -> None:
    both = tuple(torch.cat(each) for each in zip(wall(400, 0.0, [1.0, 0, 0]), wall(400, 0.5, [0, 0, 1.0])))
    assert torch.allclose(view(both, 0.05)[0][:, 12, 12], torch.tensor([1.0, 0, 0]), atol=0.02)
    mixed = view(both, 1.0)[0][:, 12, 12]
    assert 0.2 < float(mixed[0]) < 0.8


def test_one_opaque_disc_looks_the_same_as_a_surface_and_as_a_volume() -> None:
    splats = Projected(
        torch.tensor([[12.5, 12.5]]), torch.tensor([[1e-4, 0, 1e-4]]), torch.tensor([3.0]), torch.tensor([True])
    )
    colour, plane = torch.tensor([[0.3, 0.5, 0.7]]), torch.tensor([[0.0, 0.0, 1 / 3]])
    surface = draw_surface(splats, plane, colour, WHITE, 24, 24, 0.1)
    volume = draw(splats, colour, torch.ones(1), WHITE, 24, 24)
    for one, other in zip(surface, volume):
        assert torch.allclose(one, other, atol=1e-5)


def test_the_depth_of_a_slanted_plane_is_that_of_the_plane() -> None:
    normal = torch.nn.functional.normalize(torch.tensor([[1.0, 0.3, 0.2]]), dim=1)
    place = torch.tensor([[0.1, -0.2, 0.3]])
    a, b, c = planes(place, normal, pose_of(CAMERA), CAMERA[16:])[0]
    ahead = torch.tensor([(7.5 - 12) / 40, (15.5 - 12) / 40, 1.0])
    depth = 1 / (a * 7.5 + b * 15.5 + c)
    hit = pose_of(CAMERA)[:3, :3] @ (ahead * depth) + pose_of(CAMERA)[:3, 3]
    assert float(((hit - place[0]) * normal[0]).sum()) == pytest.approx(0, abs=1e-5)


def test_discs_begin_on_the_hull_and_face_outward() -> None:
    data = open_data(DataSettings(data="world:scene", resolution=24))
    images = torch.from_numpy(np.array(data.fields["image"][:30])).float() / 127.5 - 1
    views = ViewBatch(images, torch.from_numpy(np.array(data.fields["camera"][:30])))
    method = Surfels(surfels=300)
    nets: Any = method.networks(DataSpec({"image": Image(3, 24, 24), "camera": Camera()}))
    with torch.no_grad():
        method.prepare(nets, lambda n: views)
    place = nets.discs.place.detach() * nets.surroundings.radius
    step = 1e-3 * torch.eye(3)
    slope = torch.stack([distances(place + axis).amin(0) - distances(place - axis).amin(0) for axis in step], 1)
    cosine = (torch.nn.functional.normalize(slope, dim=1) * rotations(nets.discs.turn.detach())[:, :, 2]).sum(1)
    assert float(cosine.median()) > 0.7
