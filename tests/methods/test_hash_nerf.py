"""Hash NeRF: where it begins, what it marches through, and what it refuses."""

from typing import Any

import numpy as np
import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, NumberedViewBatch, ViewBatch
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.world.scene import distances
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.kinds.camera import Camera
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import Clock
from saddlepoint.methods.radiance.hash_nerf import HashNeRF, contracted

TINY = {
    "shape": (3, 12, 12), "rays": 24, "levels": 3, "rows": 256, "coarsest": 4, "finest": 16, "width": 8, "cells": 16,
    "steps": 32, "look_every": 2, "appearance": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def views() -> ViewBatch:
    data = open_data(DataSettings(data="world:scene", resolution=24))
    images = torch.from_numpy(np.array(data.fields["image"][:30])).float() / 127.5 - 1
    return ViewBatch(images, torch.from_numpy(np.array(data.fields["camera"][:30])))


def begun(views: ViewBatch, **settings: Any) -> tuple[HashNeRF, Any]:
    small = {name: value for name, value in TINY.items() if name != "shape"}
    method = HashNeRF(**{**small, "cells": 32, "steps": 64, **settings})
    nets = method.networks(DataSpec({"image": Image(3, 24, 24), "camera": Camera()}, examples=30))
    with torch.no_grad():
        method.prepare(nets, lambda n: views)
    return method, nets


def test_it_begins_on_the_hull_which_holds_all_of_the_scene(views: ViewBatch) -> None:
    _, nets = begun(views)
    grid, around = nets.occupancy, nets.surroundings
    assert around.behind.tolist() == [1, 1, 1]
    place = (grid.centres() * 2 - 1) * around.radius + around.centre
    surface = distances(place).amin(0).abs() < 0.02
    assert bool(grid.filled[surface].all())
    assert float(grid.filled.float().mean()) < 0.35


def test_light_comes_from_filled_cells_alone(views: ViewBatch) -> None:
    method, nets = begun(views)
    nets.occupancy.allow(torch.zeros(32**3, dtype=torch.bool))
    with torch.no_grad():
        made = method.render(nets, views.camera[:1])
    assert made["opacity"].max() == 0
    assert made["depth"].max() == 0
    assert torch.allclose(made["image"], torch.ones(1, 3, 24, 24))


def test_a_solid_field_has_the_depth_of_its_surface(views: ViewBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    method, nets = begun(views, steps=512)

    def ball(place: torch.Tensor, ahead: torch.Tensor, codes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        inside = (place - 0.5).norm(dim=1) < 0.5 / 1.6 * 0.5
        return 1e4 * inside, torch.full((len(place), 3), 0.5)

    monkeypatch.setattr(nets.field, "forward", ball)
    nets.occupancy.allow(torch.ones(32**3, dtype=torch.bool))
    camera = views.camera[:1].clone()
    camera[0, 18:20] = 11.5  # a pixel's centre on the axis
    made = method.render(nets, camera)
    assert made["depth"][0, 0, 11, 11].item() == pytest.approx(4 - 0.5, abs=0.02)
    assert made["opacity"][0, 0, 11, 11].item() == pytest.approx(1, abs=1e-4)


def test_a_look_empties_cells_without_density(views: ViewBatch) -> None:
    method, nets = begun(views, look_every=1)
    before = int(nets.occupancy.filled.sum())
    with torch.no_grad():
        for weight in nets.field.density.parameters():
            weight.zero_()
        for step in range(30):
            method.after_step(nets, {}, Clock(step=step))
    assert int(nets.occupancy.filled.sum()) <= before
    assert float(nets.occupancy.depth.max()) < 0.2


def test_all_of_space_is_contracted_into_a_ball_of_radius_two() -> None:
    place = torch.tensor([[0.5, 0, 0], [0, 1.0, 0], [0, 0, 1e6]])
    assert torch.allclose(contracted(place), torch.tensor([[0.5, 0, 0], [0, 1.0, 0], [0, 0, 2.0]]), atol=1e-5)


def test_an_unbounded_scene_is_marched_to_its_horizon(views: ViewBatch) -> None:
    method, nets = begun(views, space="unbounded")
    edges = method._growing(0.08, 64 * 1.6, 1.6)
    assert float(edges[-1]) >= 64 * 1.6 - 0.08
    assert bool((edges.diff().diff() > -1e-4).all())
    with torch.no_grad():
        assert torch.isfinite(method.render(nets, views.camera[:1])["depth"]).all()


def test_grey_views_and_cameras_that_do_not_belong_are_refused(views: ViewBatch) -> None:
    with pytest.raises(ConfigError, match="colour views"):
        HashNeRF().networks(DataSpec({"image": Image(1, 8, 8), "camera": Camera()}))
    empty = torch.ones_like(views.image)
    empty[0, :, 10:14, 10:14] = -1
    with pytest.raises(DataError, match="cameras do not belong"):
        begun(ViewBatch(empty, views.camera))


def test_a_code_of_a_view_changes_colours_alone_and_learns_from_its_own_view(views: ViewBatch) -> None:
    method, nets = begun(views)
    with torch.no_grad():
        nets.field.colour[0].weight.normal_()
    place, ahead = torch.rand(5, 3), torch.nn.functional.normalize(torch.randn(5, 3), dim=1)
    one, other = (nets.field(place, ahead, torch.full((5, 2), value)) for value in (0.0, 3.0))
    assert torch.equal(one[0], other[0])
    assert not torch.allclose(one[1], other[1])
    numbered = NumberedViewBatch(views.image[:2], views.camera[:2], torch.tensor([3, 5]))
    next(play_step(method, nets, numbered))
    moved = nets.appearance.weight.grad.abs().sum(1) > 0
    assert torch.nonzero(moved)[:, 0].tolist() == [3, 5]


def play_step(method: HashNeRF, nets: Any, views: NumberedViewBatch) -> Any:
    for update in method.train_step(nets, HandDraw(views), Clock()):
        torch.stack(list(update.losses.values())).sum().backward()  # type: ignore[union-attr]
        yield update
