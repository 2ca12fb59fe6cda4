"""Signed distances of meshes and voxels against those of a ball and a box, and grids carved from depth maps."""

import numpy as np
import pytest
import torch
import trimesh

from saddlepoint.data.signed import (
    FREE,
    OCCUPIED,
    UNKNOWN,
    carved,
    distance_to_triangles,
    distances_of,
    mesh_distances,
    occupancy_of,
    winding_number,
)
from saddlepoint.data.world.scene import distances
from saddlepoint.kinds.camera import orbit, pose_of
from saddlepoint.kinds.distances import middles


def box() -> np.ndarray:
    corners: np.ndarray = np.array(trimesh.creation.box((1.2, 0.8, 0.6)).triangles)
    return corners


def true_box(side: int) -> np.ndarray:
    away = middles(side).abs() - torch.tensor([0.6, 0.4, 0.3])
    return (away.clamp_min(0).norm(dim=-1) + away.amax(-1).clamp_max(0)).numpy()


def test_the_winding_number_is_one_inside_and_none_outside_and_between_at_a_hole() -> None:
    places = torch.tensor([[0.0, 0, 0], [0.5, 0.3, 0.2], [2.0, 0, 0], [0.61, 0, 0]])
    corners = torch.from_numpy(box()).float()
    assert winding_number(places, corners).tolist() == pytest.approx([1, 1, 0, 0], abs=1e-5)
    assert winding_number(places, corners.flip(1)).tolist() == pytest.approx([-1, -1, 0, 0], abs=1e-5)
    assert 0 < float(winding_number(places[:1], corners[:-2])) < 1


def test_the_distance_to_a_triangle_is_that_of_the_nearest_of_many_points_on_it() -> None:
    draw = np.random.default_rng(0)
    corners, places = draw.normal(size=(50, 3, 3)), draw.normal(size=(50, 3)) * 2
    u = draw.random((40000, 2))
    root, v = np.sqrt(u[:, :1]), u[:, 1:]
    for triangle, place, distance in zip(corners, places, distance_to_triangles(places, corners)):
        points = (1 - root) * triangle[0] + root * (1 - v) * triangle[1] + root * v * triangle[2]
        nearest = np.linalg.norm(points - place, axis=1).min()
        assert distance - 1e-9 <= nearest <= distance + 0.03


def test_a_box_of_triangles_has_the_distances_of_a_box() -> None:
    assert np.abs(mesh_distances(box(), 24) - true_box(24)).max() < 1e-5
    ball = np.asarray(trimesh.creation.icosphere(3, 0.7).triangles)
    holed = mesh_distances(ball[2:], 24)  # the generalised winding number closes small holes
    assert (occupancy_of(holed) == occupancy_of(mesh_distances(ball, 24))).mean() > 0.999


def test_occupancy_becomes_distances_to_half_a_voxel_and_back_without_loss() -> None:
    truth = true_box(32)
    filled = occupancy_of(truth)
    signed = distances_of(filled)
    assert np.array_equal(occupancy_of(signed), filled)
    assert np.abs(signed - truth).max() < 1.5 / 32
    assert (distances_of(np.zeros((4, 4, 4))) == 2).all()
    assert (distances_of(np.ones((4, 4, 4))) == -2).all()


def test_a_carved_grid_has_three_states_and_frees_nothing_that_is_filled() -> None:
    count, side = 16, 32
    turn, lift = torch.arange(count) * 2.4, torch.linspace(-1.2, 1.2, count)
    cameras = orbit(turn, lift, 4.0, 120.0, 96)
    depths = []
    for camera in cameras:
        line = torch.arange(96) + 0.5
        y, x = torch.meshgrid(line, line, indexing="ij")
        pose = pose_of(camera)
        ahead = torch.stack(((x - 48) / 120, (y - 48) / 120, torch.ones_like(x)), -1).view(-1, 3)
        depths.append(_depth(pose[:3, 3], ahead @ pose[:3, :3].T).view(96, 96))
    state = carved(torch.stack(depths), cameras, side)
    assert {*state.unique().tolist()} == {FREE, UNKNOWN, OCCUPIED}
    truth = distances(middles(side).view(-1, 3)).amin(0).view(side, side, side)
    assert not ((state == FREE) & (truth < -(3**0.5) / side)).any()
    assert not ((state == OCCUPIED) & (truth > 2.5 * 3**0.5 / side)).any()
    filled, solid = state != FREE, truth <= 0
    seen = torch.stack([torch.where(depth.isfinite(), 9.0, torch.inf) for depth in depths])
    hull = carved(seen, cameras, side) != FREE  # of the silhouettes alone
    overlaps = [int((each & solid).sum()) / int((each | solid).sum()) for each in (filled, hull)]
    assert overlaps[0] > max(0.8, overlaps[1] + 0.1), overlaps


def _depth(start: torch.Tensor, ray: torch.Tensor) -> torch.Tensor:
    """How far along the camera's axis rays meet the scene, infinite where they do not."""
    length, way = ray.norm(dim=1), torch.zeros(len(ray))
    for _ in range(40):
        way = way + distances(start + ray * (way / length)[:, None]).amin(0)
    return torch.where(way < 8, way / length, torch.inf)
