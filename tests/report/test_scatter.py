"""Scatters of points in classes: where points and words stand, and axes that hold everything."""

import numpy as np
import pytest
import torch

from saddlepoint.errors import ShapeError
from saddlepoint.report.axes import MARGIN, SIDE
from saddlepoint.report.scatter import COLOURS, frame, scatter

POINTS = torch.tensor([[-1.0, -1.0], [1.0, 1.0]])
LIMITS = ((-2.0, 2.0), (-2.0, 2.0))


def drawn(picture, colour):
    """The middle of what has a colour within the square, in pixels from its lower left corner."""
    square = np.asarray(picture)[-SIDE:, :SIDE].astype(int)
    rows, columns = np.nonzero(np.abs(square - colour).sum(2) < 30)
    return columns.mean(), SIDE - rows.mean()


def test_points_stand_at_their_places_in_the_colour_of_their_class():
    picture = scatter(POINTS, torch.tensor([0, 1]), ["", " "], LIMITS, [])
    for point, colour in zip(POINTS, COLOURS):
        wanted = MARGIN + (point.numpy() + 2) / 4 * (SIDE - 2 * MARGIN)
        assert np.abs(np.array(drawn(picture, colour)) - wanted).max() < 2


def test_draws_are_fainter_and_of_the_same_colour():
    labels, cloud = torch.tensor([0, 1]), torch.full((3, 2, 2), 0.5)
    bare, clouded = (np.asarray(scatter(POINTS, labels, ["", " "], LIMITS, [], around)) for around in (None, cloud))
    changed = np.argwhere((bare != clouded).any(2))
    at = MARGIN + 2.5 / 4 * (SIDE - 2 * MARGIN)
    assert len(changed)
    assert np.abs(changed - [len(bare) - at, at]).max() < 5


def test_frames_of_a_movie_have_one_size_whatever_their_points_and_words():
    one, two = (
        scatter(points, torch.tensor([0, 1]), ["two", "three"], LIMITS, [line, "b"])
        for points, line in ((POINTS, "short"), (POINTS * 9, "a far longer line of words"))
    )
    assert one.size == two.size
    assert one.size[0] > SIDE  # the legend's room


def test_points_without_classes_have_one_colour_and_no_legend():
    picture = scatter(POINTS, torch.tensor([0, 0]), [], LIMITS, ["a", "b", "c"])
    assert picture.size[0] == SIDE
    assert not {tuple(colour) for colour in np.asarray(picture).reshape(-1, 3)} & set(COLOURS[1:])


@pytest.mark.parametrize("scale", [1e-3, 0.04, 1.0, 1.7, 33.0, 1e4])
def test_axes_hold_every_point_with_round_steps_of_one_length(scale):
    points = scale * torch.randn(200, 2, generator=torch.manual_seed(0)) * torch.tensor([1, 0.3]) + scale
    across, up = frame(points)
    assert across[1] - across[0] == pytest.approx(up[1] - up[0])
    for (low, high), values in zip((across, up), points.T):
        assert low <= values.min()
        assert values.max() <= high
        step = (high - low) / 4
        assert low / step == pytest.approx(round(low / step))
    assert across[1] - across[0] < 2.5 * (points[:, 0].max() - points[:, 0].min())


def test_one_place_alone_has_axes_too():
    (low, high), _ = frame(torch.zeros(5, 2))
    assert low <= 0 < high


def test_what_is_no_scatter_is_refused():
    with pytest.raises(ShapeError, match=r"\[N, 2\]"):
        scatter(torch.zeros(3, 3), torch.zeros(3, dtype=torch.long), ["a"], LIMITS, [])
    with pytest.raises(ShapeError, match="at most 10 classes"):
        scatter(POINTS, torch.tensor([0, 1]), list("abcdefghijk"), LIMITS, [])
