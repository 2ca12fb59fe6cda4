"""The world of rounded solids, whose distances are true ones, and meshes on disk that become the same."""

from pathlib import Path

import numpy as np
import pytest
import trimesh

from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.signed import distances_of, occupancy_of
from saddlepoint.data.world.rounded import CLASSES, distances
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.kinds.distances import Distances, middles


@pytest.mark.parametrize("row", range(4))
def test_distances_grow_by_as_much_as_one_walks_away(row: int) -> None:
    draw = np.random.default_rng(row)
    places = draw.uniform(-0.95, 0.95, (4000, 3))
    slopes = [(distances(row, places + step) - distances(row, places - step)) / 2e-4 for step in 1e-4 * np.eye(3)]
    steep = np.linalg.norm(slopes, axis=0)
    assert np.quantile(np.abs(steep - 1), 0.97) < 1e-3  # but where two surfaces are equally near
    assert -0.9 < distances(row, places).min() < -0.1


@pytest.mark.parametrize("row", range(4))
def test_distances_are_those_to_the_nearest_filled_voxels(row: int) -> None:
    grid = distances(row, middles(48).view(-1, 3).numpy()).reshape(48, 48, 48)
    assert np.abs(distances_of(occupancy_of(grid)) - grid).max() < 2.5 / 48


def test_the_world_has_four_classes_in_turn() -> None:
    data = open_data(DataSettings(data="world:rounded", resolution=8))
    assert data.main == Distances(8)
    assert data.classes == CLASSES
    with pytest.raises(ConfigError, match="8 to 64 places"):
        open_data(DataSettings(data="world:rounded", resolution=7))


def test_meshes_are_measured_and_what_has_no_inside_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "meshes"
    folder.mkdir()
    ball = trimesh.creation.icosphere(3, 2.0)
    ball.export(folder / "ball.off")
    trimesh.creation.box((1, 1, 1)).export(folder / "box.stl")
    trimesh.Trimesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2]]).export(folder / "leaf.ply")
    trimesh.PointCloud(np.eye(3)).export(folder / "points.ply")
    np.save(folder / "grid.npy", (middles(12).norm(dim=-1) - 0.5).numpy())
    np.save(folder / "whole.npy", np.ones((12, 12, 12), np.int64))
    np.savez(folder / "other.npz", sdf=np.zeros((4, 4, 4)))
    (folder / "cut.off").write_bytes((folder / "ball.off").read_bytes()[:200])
    data = open_data(DataSettings(data=f"distances:{folder}", resolution=12, cache=tmp_path / "cache"))
    assert len(data) == 3
    assert dict(data.skipped).keys() == {"cut.off", "leaf.ply", "other.npz", "points.ply", "whole.npy"}
    truth = middles(12).norm(dim=-1).numpy() - 0.9
    assert np.abs(data.fields["distances"][0, 0] - truth).max() < 0.02
    with pytest.raises(ConfigError, match="8 to 128 places"):
        open_data(DataSettings(data=f"distances:{folder}", resolution=200))
    with pytest.raises(ConfigError, match="--channels"):
        open_data(DataSettings(data=f"distances:{folder}", channels=1))
    with pytest.raises((ConfigError, DataError)):
        open_data(DataSettings(data=f"distances:{tmp_path / 'none'}"))
