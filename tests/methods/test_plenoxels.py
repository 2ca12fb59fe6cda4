"""Plenoxels: rows of corners, doubling, and the variation of neighbours."""

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.camera import Camera, orbit
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import Clock
from saddlepoint.methods.radiance.plenoxels import Plenoxels, SparseGrid, cells_of, corners_of
from saddlepoint.nn.kernels.interpolate import sparse_corners, weighted_rows

TINY = {
    "shape": (3, 12, 12), "rays": 24, "side": 16, "doublings": 1, "capacity": 6000, "degree": 1, "delay": 0,
}  # fmt: skip
VIEWS = DataSpec({"image": Image(3, 12, 12), "camera": Camera()})


def test_doubling_changes_no_value_between_corners() -> None:
    grid = SparseGrid(8, 4, 800, 3)
    grid.use(torch.ones(125, dtype=torch.bool))
    with torch.no_grad():
        grid.density.normal_()
        grid.harmonics.normal_()
        place = torch.rand(40, 3)
        before = weighted_rows(grid.density, *sparse_corners(place, 4, grid.owned()))
        grid.refine(torch.ones(4, 4, 4, dtype=torch.bool))
        after = weighted_rows(grid.density, *sparse_corners(place, 8, grid.owned()))
    assert int(grid.cells) == 8
    assert torch.allclose(before, after, atol=1e-5)


def test_cells_and_corners_belong_together() -> None:
    cells = torch.zeros(3, 3, 3, dtype=torch.bool)
    cells[0, 1, 2] = True
    corners = corners_of(cells)
    assert int(corners.sum()) == 8
    assert bool(corners[0:2, 1:3, 2:4].all())
    assert bool((cells_of(corners) & cells).sum() == 1)


def test_corners_without_density_are_dropped_when_the_grid_is_doubled() -> None:
    method = Plenoxels(side=16, capacity=6000, degree=0)
    nets = method.networks(VIEWS)
    with torch.no_grad():
        nets.grid.use(torch.ones(729, dtype=torch.bool))
        nets.grid.density.zero_()
        nets.grid.density[364] = 50.0  # the middle corner
        changed = method.after_step(nets, {}, Clock(examples=99, fresh=1, total=100))
        assert changed is not None
        used = nets.grid.owned() >= 0
        assert int(used.sum()) == 13**3  # 2 cells beside it, 2 cells of margin, of double number
        assert nets.grid.block(nets.grid.density[:, 0])[8, 8, 8] == 50
        assert method.after_step(nets, {}, Clock(examples=99, fresh=1, total=100)) is None


def test_a_constant_medium_is_as_opaque_as_it_should_be() -> None:
    method = Plenoxels(side=16, doublings=0, capacity=5000, degree=0)
    nets = method.networks(VIEWS)
    nets.grid.use(torch.ones(17**3, dtype=torch.bool))
    nets.grid.density.data.fill_(0.3)
    camera = orbit(torch.tensor([0.0]), torch.tensor([0.0]), 4.0, 400.0, 11)
    with torch.no_grad():
        made = method.render(nets, camera)
    assert made["opacity"][0, 0, 5, 5].item() == pytest.approx(1 - torch.exp(torch.tensor(-0.6)).item(), abs=0.01)
    assert made["image"][0, 0, 5, 5].item() == pytest.approx(0.5 * 2 * made["opacity"][0, 0, 5, 5].item() - 1, abs=0.01)


def test_a_view_of_empty_space_alone_is_its_background() -> None:
    method = Plenoxels(side=16, doublings=0, capacity=5000, degree=1)
    nets = method.networks(VIEWS)
    nets.occupancy.allow(torch.zeros(16**3, dtype=torch.bool))
    with torch.no_grad():
        views = method.render(nets, orbit(torch.tensor([0.0]), torch.tensor([0.0]), 4.0, 400.0, 5))
    assert not views["opacity"].any()
    assert bool((views["image"] == -1).all())


def test_equal_corners_have_next_to_no_variation_and_too_many_are_refused() -> None:
    method = Plenoxels(side=8, doublings=0, capacity=729, degree=0, density_tv=1.0, harmonics_tv=1.0)
    nets = method.networks(VIEWS)
    nets.grid.use(torch.ones(729, dtype=torch.bool))
    with torch.no_grad():
        terms = method._variation(nets.grid, HandDraw(torch.zeros(1)))
        assert all(float(term) < 1e-3 for term in terms.values())
        nets.grid.density.normal_()
        assert float(method._variation(nets.grid, HandDraw(torch.zeros(1)))["density_variation"]) > 1
    with pytest.raises(ConfigError, match="--capacity"):
        SparseGrid(8, 8, 100, 3).use(torch.ones(729, dtype=torch.bool))
    with pytest.raises(ConfigError, match="--doublings"):
        Plenoxels(side=20, doublings=3).networks(VIEWS)
