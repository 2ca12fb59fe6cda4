"""Gaussian splatting: where it begins, how it grows, and the file that viewers open."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from saddlepoint.data.batches import DataSpec, ViewBatch
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.world.scene import cameras, distances
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.kinds.camera import Camera
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import Clock
from saddlepoint.methods.splat.gaussians import Gaussians
from saddlepoint.nn.render.hull import background_of, sight, surface_points

TINY = {"shape": (3, 12, 12), "capacity": 60, "splats": 30, "degree": 1, "grow_after": 2, "grow_every": 2}


def spec(side: int) -> DataSpec:
    return DataSpec({"image": Image(3, side, side), "camera": Camera()})


@pytest.fixture(scope="module")
def views() -> ViewBatch:
    data = open_data(DataSettings(data="world:scene", resolution=24))
    images = torch.from_numpy(data.fields["image"][:30]).float() / 127.5 - 1
    return ViewBatch(images, torch.from_numpy(np.asarray(data.fields["camera"][:30])))


def begun(views: ViewBatch, **settings: Any) -> tuple[Gaussians, Any]:
    method = Gaussians(**{"capacity": 200, "splats": 80, "degree": 1, **settings})
    nets = method.networks(spec(24))
    with torch.no_grad():
        method.prepare(nets, lambda n: views)
    return method, nets


def test_the_first_places_lie_near_the_surfaces_of_the_scene(views: ViewBatch) -> None:
    assert background_of((views.image + 1) / 2).tolist() == [1, 1, 1]  # type: ignore[union-attr]
    seen = sight(views.camera)
    assert seen.centre.abs().max() < 1e-4
    stream = torch.Generator().manual_seed(0)
    places, colours = surface_points((views.image + 1) / 2, views.camera, 500, stream)
    assert float((distances(places).amin(0).abs() < 0.25).float().mean()) > 0.6
    assert ((colours >= 0) & (colours <= 1)).all()


def test_pictures_without_one_background_begin_from_places_all_over() -> None:
    images = torch.rand(4, 3, 8, 8)
    assert background_of(images) is None
    places, _ = surface_points(images, cameras(8)[:4], 50, torch.Generator().manual_seed(0))
    assert places.shape == (50, 3)


def test_steep_splats_are_doubled_or_split_and_faint_ones_die(views: ViewBatch) -> None:
    method, nets = begun(views, grow_after=1, grow_every=1, reset_every=0)
    steep = torch.zeros(200)
    steep[:10] = 1.0
    with torch.no_grad():
        nets.scene.scale[:5] = -20.0  # small: doubled as they are
        nets.scene.scale[5:10] = 1.0  # large: split in two smaller ones
        nets.scene.opacity[20] = -10.0
        report = {"scene/slope": steep, "scene/views": torch.ones(200)}
        changed = method.after_step(nets, report, Clock(total=100))["scene"]
    assert len(nets.scene) == 80 + 10 - 1
    assert not nets.scene.alive[20]
    assert int(changed.sum()) == 5 + 10
    assert torch.equal(nets.scene.place[:5], nets.scene.place[80:85])
    assert nets.scene.scale[5:10].max().item() == pytest.approx(1 - float(np.log(1.6)), abs=1e-5)
    assert not torch.equal(nets.scene.place[5:10], nets.scene.place[85:90])


def test_a_full_pool_grows_no_further(views: ViewBatch) -> None:
    method, nets = begun(views, capacity=82, grow_after=1, grow_every=1)
    with torch.no_grad():
        report = {"scene/slope": torch.ones(82), "scene/views": torch.ones(82)}
        method.after_step(nets, report, Clock(total=100))
    assert len(nets.scene) == 82


def test_the_file_has_the_properties_that_viewers_read(views: ViewBatch, tmp_path: Path) -> None:
    method, nets = begun(views)
    with torch.no_grad():
        kind, values = method.build(nets)
    kind.write(values, tmp_path / "scene.ply", {"made by": "a model"})
    head, _, body = (tmp_path / "scene.ply").read_bytes().partition(b"end_header\n")
    names = [line.split()[-1].decode() for line in head.splitlines() if line.startswith(b"property")]
    assert names[:9] == ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2"]
    assert names[-8:] == ["opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"]
    rows = np.frombuffer(body, "<f4").reshape(-1, len(names))
    assert len(rows) == 80
    rest = rows[:, [names.index(f"f_rest_{i}") for i in range(9)]]
    coefficients = values[:, 14:].unflatten(1, (3, 3)).transpose(1, 2).flatten(1)  # the colour before the coefficient
    assert np.allclose(rest, coefficients.numpy())


def test_grey_views_and_too_many_first_splats_are_refused() -> None:
    with pytest.raises(ConfigError, match="colour views"):
        Gaussians().networks(DataSpec({"image": Image(1, 8, 8), "camera": Camera()}))
    with pytest.raises(ConfigError, match="at most --capacity 5"):
        Gaussians(capacity=5, splats=9).networks(spec(8))


def test_relocation_moves_faint_splats_to_others_and_adds_a_few(views: ViewBatch) -> None:
    method, nets = begun(views, growth="relocation", grow_after=1, grow_every=1)
    assert nets.scene.opacity[0].sigmoid().item() == pytest.approx(0.5)
    with torch.no_grad():
        nets.scene.opacity[:20] = -9.0
        nets.scene.opacity[20] = 8.0
        before = nets.scene.place.clone()
        changed = method.after_step(nets, {}, Clock(total=1000))["scene"]
    assert len(nets.scene) == 80 + 4  # five per cent more
    assert bool(changed[:20].all())
    assert float(nets.scene.opacity[nets.scene.alive].sigmoid().min()) > 0.004
    others = before[20:80] * nets.surroundings.extent
    moved = nets.scene.place[:20].detach() * nets.surroundings.extent
    assert float(torch.cdist(moved, others).amin(1).max()) < 0.05


def test_cameras_that_do_not_belong_to_the_images_are_refused(views: ViewBatch) -> None:
    empty = torch.ones_like(views.image)
    empty[0, :, 10:14, 10:14] = -1
    with pytest.raises(DataError, match="cameras do not belong"):
        begun(ViewBatch(empty, views.camera))
