"""The shapes: each a function of its number, showing what its factors say, the same at every resolution."""

from __future__ import annotations

import math

import numpy as np
import pytest

from saddlepoint.data.world.shapes import BACKGROUNDS, COLOURS, SHAPES, Factors, factors, render

AREAS = {  # of each shape in its circle of radius 1
    "circle": math.pi,
    "ring": math.pi * (1 - 0.25),
    "square": 2.0,
    "cross": 4 * (2 * 0.95 * 0.3 - 0.3**2),
    "triangle": 3 * math.sqrt(3) / 4,
    "star": 5 * 0.42 * math.sin(math.pi / 5),
}


def one(shape: str = "circle", **changed: float) -> Factors:
    values = {"colour": 0, "hue": 0.0, "background": 0, "x": 0.0, "y": 0.0, "size": 0.5, "rotation": 0.0, **changed}
    return Factors(
        shape=np.array([list(SHAPES).index(shape)]), **{name: np.array([value]) for name, value in values.items()}
    )


def covered(shown: Factors, resolution: int) -> np.ndarray:
    """How much of each pixel the shape covers, from the red channel of red on black."""
    red = render(shown, resolution)[0, 0].astype(float)
    front, back = COLOURS["red"][0], BACKGROUNDS["black"][0]
    return (red - back) / (front - back)


@pytest.mark.parametrize("shape", list(SHAPES))
@pytest.mark.parametrize("rotation", [0.0, 0.4])
def test_a_shape_covers_the_area_that_geometry_says(shape, rotation):
    area = covered(one(shape, rotation=rotation), 128).mean() * 4  # the image spans [-1, 1] both ways
    assert area == pytest.approx(AREAS[shape] * 0.5**2, rel=0.01)


def test_a_shape_lies_where_its_factors_say():
    inside = covered(one(x=0.3, y=-0.2), 64)
    centre = (2 * np.arange(64) + 1) / 64 - 1
    assert (inside.sum(0) * centre).sum() / inside.sum() == pytest.approx(0.3, abs=0.01)
    assert (inside.sum(1) * centre).sum() / inside.sum() == pytest.approx(-0.2, abs=0.01)


def test_the_triangle_points_up_and_a_quarter_turn_makes_it_point_right():
    up, right = covered(one("triangle"), 64), covered(one("triangle", rotation=math.pi / 2), 64)
    assert up[20:24].sum() < up[36:40].sum()
    np.testing.assert_allclose(right, np.rot90(up, -1), atol=0.01)


def test_colours_are_the_named_ones():
    image = render(one(colour=5, background=2), 32)[0]
    assert tuple(image[:, 16, 16]) == COLOURS["blue"]
    assert tuple(image[:, 0, 0]) == BACKGROUNDS["white"]


def test_every_resolution_shows_the_same_picture():
    shown = factors(np.arange(32), seed=3)
    fine = render(shown, 128).reshape(32, 3, 32, 4, 32, 4).mean((3, 5))
    assert np.abs(fine - render(shown, 32)).mean() < 0.5


def test_an_image_depends_on_its_seed_and_number_alone():
    some, all_of_them = factors(np.array([7, 300])), factors(np.arange(301))
    np.testing.assert_array_equal(render(some, 16), render(all_of_them, 16)[[7, 300]])
    assert (render(some, 16) != render(factors(np.array([7, 300]), seed=1), 16)).any()


def test_factors_fill_their_ranges_evenly_and_keep_the_shape_inside():
    shown = factors(np.arange(20_000))
    for index, kinds in ((shown.shape, SHAPES), (shown.colour, COLOURS), (shown.background, BACKGROUNDS)):
        counts = np.bincount(index, minlength=len(kinds)) * len(kinds) / len(index)
        assert np.abs(counts - 1).max() < 0.1
    assert shown.size.min() >= 0.35
    assert shown.size.max() <= 0.65
    assert (np.maximum(np.abs(shown.x), np.abs(shown.y)) + shown.size).max() <= 1
    assert (
        np.abs(
            np.corrcoef(np.stack([shown.shape, shown.colour, shown.background, shown.size, shown.rotation])) - np.eye(5)
        ).max()
        < 0.03
    )
