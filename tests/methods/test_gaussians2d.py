"""2D Gaussian splatting: where its discs begin, what its two regularisers ask, and the file that viewers open."""

from pathlib import Path
from typing import Any

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, ViewBatch
from saddlepoint.data.world.scene import cameras, distances, view
from saddlepoint.data.world.tracing import upright
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.camera import Camera, orbit
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import Clock
from saddlepoint.methods.splat.gaussians2d import Gaussians2D
from saddlepoint.nn.kernels.disc import before, draw
from saddlepoint.nn.kernels.splat import rotations

TINY = {"shape": (3, 12, 12), "capacity": 60, "splats": 30, "degree": 1, "grow_after": 2, "grow_every": 2}
SPEC = DataSpec({"image": Image(3, 24, 24), "camera": Camera()})


@pytest.fixture(scope="module")
def views() -> ViewBatch:
    some = cameras(24)[:10]
    return ViewBatch(torch.stack([view(one, 24) for one in some]) * 2 - 1, some)


def begun(views: ViewBatch, **settings: Any) -> tuple[Gaussians2D, Any]:
    method = Gaussians2D(**{"capacity": 300, "splats": 200, "degree": 1, **settings})
    nets = method.networks(SPEC)
    with torch.no_grad():
        method.prepare(nets, lambda n: views)
    return method, nets


def test_discs_begin_on_the_hull_and_face_outward(views: ViewBatch) -> None:
    _, nets = begun(views)
    living = nets.scene.living()
    assert living["scale"].shape == (200, 2)
    true = upright(lambda place: distances(place).amin(0), living["place"].detach() * nets.surroundings.extent)
    assert float((rotations(living["turn"].detach())[:, :, 2] * true).sum(1).median()) > 0.7


def test_a_flat_wall_has_no_bend_and_one_of_crossed_discs_has(views: ViewBatch) -> None:
    method, camera = Gaussians2D(), orbit(torch.tensor([0.0]), torch.tensor([0.0]), 4.0, 30.0, 24)[0]
    line = torch.linspace(-1, 1, 9)
    place = torch.stack(torch.meshgrid(torch.zeros(1), line, line, indexing="ij"), -1).view(-1, 3)
    flat = torch.tensor([0.5**0.5, 0.0, 0.5**0.5, 0.0]).expand(len(place), 4)  # the third axis to x
    tilted = torch.nn.functional.normalize(flat + torch.tensor([0.0, 0.25, 0.0, -0.25]), dim=1)
    bends = []
    for turn in (flat, tilted):
        discs = before(place, torch.full((len(place), 2), 0.2), turn, camera[:16].view(4, 4), camera[16:])
        surface = draw(discs, place.abs(), torch.full((len(place),), 0.9), torch.ones(3), 24, 24)
        bends.append(float(method._bend(surface, camera)))
    assert bends[0] < 0.02 < bends[1]


def test_the_regularisers_join_when_they_are_due_and_move_the_discs(views: ViewBatch) -> None:
    method, nets = begun(views, distortion_weight=1000.0, normal_after=0.5, distortion_after=0.25)
    batch = ViewBatch(views.image[:1], views.camera[:1])
    for examples, names in ((0, 2), (25, 3), (50, 4)):
        update: Any = next(method.train_step(nets, HandDraw(batch), Clock(examples=examples, total=100)))
        assert len(update.losses) == names
    for name in ("normal", "distortion"):
        update = next(method.train_step(nets, HandDraw(batch), Clock(examples=60, total=100)))
        slopes = torch.autograd.grad(update.losses[name], [nets.scene.turn, nets.scene.place])
        assert all(bool(torch.isfinite(slope).all()) and float(slope.abs().max()) > 0 for slope in slopes), name


def test_large_discs_split_along_their_planes(views: ViewBatch) -> None:
    method, nets = begun(views, grow_after=1, grow_every=1)
    normal = rotations(nets.scene.turn[:5].detach())[:, :, 2]
    before_split = nets.scene.place[:5].detach().clone()
    slope = torch.zeros(300)
    slope[:5] = 1.0
    with torch.no_grad():
        nets.scene.scale[:5] = 1.0
        method.after_step(nets, {"scene/slope": slope, "scene/views": torch.ones(300)}, Clock(total=100))
    moved = nets.scene.place[:5].detach() - before_split
    assert float(moved.norm(dim=1).min()) > 0
    assert float((moved * normal).sum(1).abs().max()) < 1e-5


def test_the_file_holds_discs_as_thin_splats(views: ViewBatch, tmp_path: Path) -> None:
    method, nets = begun(views)
    with torch.no_grad():
        kind, values = method.build(nets)
    assert torch.allclose(values[:, 5] - values[:, 3:5].amax(1), torch.tensor(1e-3).log())
    kind.write(values, tmp_path / "scene.ply", {})


def test_grey_views_are_refused() -> None:
    with pytest.raises(ConfigError, match="colour views"):
        Gaussians2D().networks(DataSpec({"image": Image(1, 8, 8), "camera": Camera()}))
