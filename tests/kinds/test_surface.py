"""The surface of a solid: its volume, its area, which way its faces look, and files that another library reads."""

from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from saddlepoint.kinds.distances import Distances, middles
from saddlepoint.kinds.surface import surface_of
from saddlepoint.kinds.volume import Volume

RADIUS = 0.6
PLACE = torch.tensor([0.1, -0.2, 0.15])


def ball(side: int) -> torch.Tensor:
    return ((middles(side) - PLACE).norm(dim=-1) - RADIUS)[None]


@pytest.mark.parametrize("inside", ["distances", "occupancy"])
def test_faces_and_normals_of_a_ball_point_outward(inside: str) -> None:
    values = ball(32)[0].numpy()
    outside = (0.0, 1.0)
    surface = surface_of(values, *outside) if inside == "distances" else surface_of((values < 0) * 1.0, 0.5, 0.0)
    corners = surface.vertices[surface.faces]
    middle = (PLACE.numpy() + 1) * 16 - 0.5
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert ((across * (corners.mean(1) - middle)).sum(1) > 0).all()
    assert ((surface.normals * (surface.vertices - middle)).sum(1) > 0).mean() > 0.999
    assert len(surface.vertices) - len(surface.faces) // 2 == 2  # Euler's number of a ball


@pytest.mark.parametrize(("side", "area", "volume"), [(16, 0.984, 0.970), (32, 0.996, 0.993)])
def test_area_and_volume_come_near_to_those_of_the_ball(side: int, area: float, volume: float, tmp_path: Path) -> None:
    Distances(side).write(ball(side), tmp_path / "ball.ply", {})
    mesh = trimesh.load(tmp_path / "ball.ply")
    assert mesh.area / (4 * np.pi * RADIUS**2) == pytest.approx(area, abs=0.006)
    assert mesh.volume / (4 / 3 * np.pi * RADIUS**3) == pytest.approx(volume, abs=0.006)
    assert mesh.bounds.mean(0) == pytest.approx(PLACE.tolist(), abs=0.01)


@pytest.mark.parametrize("ending", [".obj", ".ply", ".glb"])
def test_a_mesh_file_is_read_by_others_closed_and_with_its_place(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"ball{ending}"
    Distances(16).write(ball(16), path, {"made by": "a model\nof two lines"})
    loaded = trimesh.load(path, force="mesh", process=ending == ".obj")
    assert loaded.is_watertight
    assert loaded.volume > 0
    x, y, z = PLACE.tolist()
    assert loaded.bounds.mean(0) == pytest.approx([x, z, -y] if ending == ".glb" else [x, y, z], abs=0.02)
    assert b"of two lines" in path.read_bytes()
    assert loaded.vertex_normals.shape == loaded.vertices.shape


@pytest.mark.parametrize("ending", [".obj", ".ply", ".glb"])
def test_an_empty_grid_has_no_surface_and_a_full_one_is_closed(ending: str, tmp_path: Path) -> None:
    kind = Volume(1, 4, 4, 4)
    kind.write(torch.zeros(1, 4, 4, 4), tmp_path / f"none{ending}", {})
    assert (tmp_path / f"none{ending}").stat().st_size
    kind.write(torch.ones(1, 4, 4, 4), tmp_path / f"all{ending}", {})
    assert trimesh.load(tmp_path / f"all{ending}", force="mesh").is_watertight
