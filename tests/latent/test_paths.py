"""Ways through latents."""

import pytest
import torch

from saddlepoint.errors import ShapeError
from saddlepoint.latent import paths

A, B, C = torch.tensor([3.0, 0, 0, 0]), torch.tensor([0, 1.0, 0, 0]), torch.tensor([0, 0, 2.0, 0])


@pytest.mark.parametrize("along", ["line", "great-circle", "smooth"])
def test_a_way_passes_through_its_points_in_order(along):
    points = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    way = paths.through(points, 6, along)
    assert way.shape == (19, 5)
    torch.testing.assert_close(way[::6], points, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("along", ["line", "great-circle", "smooth"])
def test_a_closed_way_ends_a_step_before_its_start(along):
    points = torch.randn(3, 2, 4, generator=torch.Generator().manual_seed(1))
    way = paths.through(points, 50, along, closed=True)
    assert way.shape == (150, 2, 4)
    torch.testing.assert_close(way[::50], points, atol=1e-5, rtol=1e-5)
    steps = torch.cat([way, way[:1]]).diff(dim=0).flatten(1).norm(dim=1)
    assert steps[-1] < 3 * steps.median()


def test_a_line_is_straight_and_even():
    way = paths.line(torch.stack([A, B]), 4)
    torch.testing.assert_close(way, torch.stack([A + (B - A) * place / 4 for place in range(5)]))


def test_a_great_circle_turns_evenly_and_its_length_changes_in_proportion():
    way = paths.great_circle(torch.stack([A, B]), 4)
    torch.testing.assert_close(way.norm(dim=1), torch.tensor([3, 2.5, 2, 1.5, 1]))
    angles = torch.atan2(way[:, 1], way[:, 0])
    torch.testing.assert_close(angles, torch.arange(5) * torch.pi / 8)


def test_points_of_several_axes_count_as_one_vector():
    points = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(2))
    flat = paths.great_circle(points.flatten(1), 5)
    torch.testing.assert_close(paths.great_circle(points, 5).flatten(1), flat)


def test_parallel_points_are_joined_straight():
    way = paths.great_circle(torch.stack([A, 2 * A]), 2)
    torch.testing.assert_close(way, torch.stack([A, 1.5 * A, 2 * A]))
    torch.testing.assert_close(paths.great_circle(torch.stack([A, A]), 3), A.expand(4, 4))


def test_opposite_points_are_joined_by_an_arc_of_full_length():
    ends = torch.stack([A + B + C, -2 * (A + B + C)])
    way = paths.great_circle(ends, 4)
    torch.testing.assert_close(way[[0, -1]], ends, atol=1e-5, rtol=1e-5)
    length = ends[0].norm()
    torch.testing.assert_close(way.norm(dim=1), length * torch.tensor([1, 1.25, 1.5, 1.75, 2]))
    assert abs(way[2] @ ends[0]) < 1e-4 * length**2
    torch.testing.assert_close(way, paths.great_circle(ends, 4))


def test_to_and_from_the_origin_the_way_is_straight():
    ends = torch.stack([torch.zeros(4), A])
    torch.testing.assert_close(paths.great_circle(ends, 2), torch.stack([0 * A, A / 2, A]))
    torch.testing.assert_close(paths.great_circle(ends.flip(0), 2), torch.stack([A, A / 2, 0 * A]))
    assert paths.great_circle(torch.zeros(2, 4), 2).abs().max() == 0


def test_nearly_parallel_points_are_met_exactly():
    a = torch.randn(64, generator=torch.Generator().manual_seed(3))
    b = a * 1.5 + 1e-7
    way = paths.great_circle(torch.stack([a, b]), 7)
    torch.testing.assert_close(way[-1], b)
    torch.testing.assert_close(way[3], a * (1 + 0.5 * 3 / 7), atol=1e-4, rtol=1e-4)


def test_a_smooth_way_has_no_corners():
    points = torch.tensor([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    turns = [
        way.diff(dim=0).diff(dim=0).norm(dim=1).max() for way in (paths.smooth(points, 50), paths.line(points, 50))
    ]
    assert turns[0] < turns[1] / 10


def test_a_field_has_its_corners_and_straight_edges():
    corners = torch.tensor([[0.0, 0], [0, 4], [3, 0], [3, 4]])
    field = paths.sheet(corners, 4, 5).view(4, 5, 2)
    wanted = torch.stack(torch.meshgrid(torch.arange(4.0), torch.arange(5.0), indexing="ij"), -1)
    torch.testing.assert_close(field, wanted)


@pytest.mark.parametrize("points", [torch.zeros(1, 4), torch.zeros(4)])
def test_one_point_makes_no_way(points):
    with pytest.raises(ShapeError, match="two points"):
        paths.line(points, 3)


def test_a_field_needs_four_corners():
    with pytest.raises(ShapeError, match="4 corners, not 3"):
        paths.sheet(torch.zeros(3, 2), 3, 3)
