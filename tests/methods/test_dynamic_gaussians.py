"""Dynamic Gaussians: where they begin, what moves and when, and views at a moment."""

from typing import Any

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, TimedViewBatch
from saddlepoint.data.world import moving_scene as world
from saddlepoint.errors import DataError
from saddlepoint.kinds.camera import Camera
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.moment import Moment
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.base import Clock
from saddlepoint.methods.splat.dynamic_gaussians import Deformation, DynamicGaussians
from saddlepoint.nn.render.hull import surface_points
from saddlepoint.nn.render.moving_hull import moving_points

TINY = {
    "shape": (3, 12, 12),
    "capacity": 60,
    "splats": 30,
    "degree": 1,
    "grow_after": 2,
    "grow_every": 2,
    "layers": 2,
    "width": 8,
    "skip": 1,
    "time_width": 4,
    "octaves": 2,
    "time_octaves": 2,
}
SMALL = {"layers": 2, "width": 8, "skip": 1, "degree": 0, "capacity": 300, "splats": 200}
SPEC = DataSpec({"image": Image(3, 20, 20), "camera": Camera(), "time": Moment()})


@pytest.fixture(scope="module")
def views() -> TimedViewBatch:
    camera, time = world.cameras(20)[::8], world.moments()[::8]
    images = torch.stack([world.view(*each) for each in zip(camera, time.tolist())])
    return TimedViewBatch(images * 2 - 1, camera, time)


def begun(views: TimedViewBatch, **settings: Any) -> tuple[DynamicGaussians, Any]:
    method = DynamicGaussians(**{**SMALL, **settings})
    nets = method.networks(SPEC)
    with torch.no_grad():
        method.prepare(nets, lambda n: views)
    return method, nets


def test_splats_begin_near_where_bodies_pass(views: TimedViewBatch) -> None:
    _, nets = begun(views)
    place = nets.scene.living()["place"].detach() * nets.surroundings.extent
    ever = torch.stack([world.distances(place, time).amin(0) for time in views.time.tolist()]).amin(0)
    assert float((ever < 0.2).float().mean()) > 0.5


def test_a_body_that_leaves_every_place_has_no_hull_and_begins_everywhere() -> None:
    camera, images = world.cameras(20)[:4], torch.ones(4, 3, 20, 20)
    images[0, :, 8:12, 8:12] = 0.2
    stream = torch.Generator().manual_seed(0)
    with pytest.raises(DataError, match="no place"):
        surface_points(images, camera, 50, stream)
    places, colours = moving_points(images, camera, 50, 0.9, stream)
    assert float(places.std(0).min()) > 0.3
    assert colours.shape == (50, 3)


def test_nothing_moves_in_the_first_part_of_a_run(views: TimedViewBatch) -> None:
    method, nets = begun(views, still_share=0.5)
    with torch.no_grad():
        nets.deformation.moved.bias.fill_(0.05)
    one = TimedViewBatch(views.image[:1], views.camera[:1], views.time[:1])
    slopes = []
    for examples in (0, 50):
        update: Any = next(method.train_step(nets, HandDraw(one), Clock(examples=examples, total=100)))
        loss = sum(update.losses.values())
        slopes.append(torch.autograd.grad(loss, nets.deformation.moved.bias)[0])  # type: ignore[arg-type]
    assert not slopes[0].any()
    assert slopes[1].any()


def test_the_deformation_moves_splats_by_what_its_last_layer_says(views: TimedViewBatch) -> None:
    method, nets = begun(views)
    still = method.view(nets, views.camera[0]).mean.detach()
    with torch.no_grad():
        nets.deformation.moved.bias.copy_(views.camera[0, :16].view(4, 4)[:3, 0] * 0.01)  # to the camera's right
    moved = method.view(nets, views.camera[0]).mean.detach() - still
    assert float(moved[:, 0].min()) > 0
    assert float(moved[:, 1].abs().max()) < 1e-3


def test_views_differ_from_moment_to_moment_and_the_first_is_the_usual_one(views: TimedViewBatch) -> None:
    method, nets = begun(views)
    with torch.no_grad():
        nets.deformation.moved.weight.normal_(std=0.1)
        camera = views.camera[:1].repeat(2, 1)
        pictures = method.render(nets, camera, Sampling(given={"time": torch.tensor([0.0, 0.9])}))["image"]
        assert torch.equal(pictures[0], method.render(nets, camera)["image"][0])
    assert float((pictures[0] - pictures[1]).abs().max()) > 0.01
    assert method.moments(nets, 3).tolist() == [0, 0.5, 1]


def test_sizes_that_do_not_change_have_no_network_and_files_hold_the_first_moment(views: TimedViewBatch) -> None:
    method, nets = begun(views, sizes_change=False)
    assert nets.deformation.scaled is None
    with torch.no_grad():
        _, values = method.build(nets)
        place, _, scale = method._deformed(nets, nets.scene.living(), torch.zeros(()))
    assert torch.equal(values[:, :3], place)
    assert torch.equal(scale, nets.scene.living()["scale"])


def test_the_authors_sizes() -> None:
    network = Deformation(10, 6, 8, 256, 4, 30, True)
    assert network.trunk[0].in_features == 63 + 30
    assert network.trunk[4].in_features == 256 + 63 + 30
    assert network.clock[0].in_features == 13  # type: ignore[index]
