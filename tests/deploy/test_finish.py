"""What is done to a picture before and after its translation."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from saddlepoint.deploy.finish import (
    Finish,
    blended,
    coloured_like,
    evenly_lit,
    sharpened,
    straightened,
    white_balanced,
)
from saddlepoint.errors import ConfigError


def noise(mean: tuple[int, int, int] = (100, 100, 100), spread: int = 30) -> Image.Image:
    rng = np.random.default_rng(sum(mean))
    return Image.fromarray(np.clip(rng.normal(mean, spread, (40, 40, 3)), 0, 255).astype(np.uint8))


def means(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture).reshape(-1, 3).mean(0)


def test_a_cast_of_the_light_is_evened_out() -> None:
    balanced = white_balanced(noise((140, 100, 80)))
    assert np.ptp(means(noise((140, 100, 80)))) > 50
    assert np.ptp(means(balanced)) < 2


def test_a_channel_that_is_nearly_black_is_raised_at_most_fourfold() -> None:
    dark = Image.merge("RGB", [Image.new("L", (4, 4), value) for value in (200, 200, 10)])
    assert white_balanced(dark).getpixel((0, 0))[2] == 40


def test_a_grey_picture_has_no_cast() -> None:
    grey = noise().convert("L")
    assert white_balanced(grey) is grey


def test_colours_are_those_of_the_original() -> None:
    original, made = noise((180, 90, 60), 20), noise((90, 120, 130), 40)
    same = coloured_like(made, original)
    np.testing.assert_allclose(means(same), means(original), atol=2)
    spreads = [np.asarray(one).reshape(-1, 3).std(0) for one in (same, original)]
    np.testing.assert_allclose(*spreads, atol=2)
    flat = coloured_like(Image.new("RGB", (40, 40), "red"), original)  # has no spread to be scaled
    np.testing.assert_allclose(means(flat), means(original), atol=1)


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0])
def test_a_blend_has_its_share_of_each(strength: float) -> None:
    one, other = Image.new("RGB", (3, 3), (200, 0, 0)), Image.new("RGB", (3, 3), (0, 100, 0))
    assert blended(one, other, strength).getpixel((1, 1)) == pytest.approx(
        (200 * strength, 100 * (1 - strength), 0), abs=1
    )


def test_sharpening_steepens_an_edge_and_none_changes_nothing() -> None:
    edge = Image.fromarray(np.repeat(np.linspace(80, 160, 20).round().astype(np.uint8)[None], 20, 0)).convert("RGB")
    edge.paste((40, 40, 40), (0, 0, 10, 20))
    assert sharpened(edge, 0) is edge
    steps = [np.asarray(one, int)[10, 10, 0] - np.asarray(one, int)[10, 9, 0] for one in (edge, sharpened(edge, 1))]
    assert steps[1] > steps[0]


def bent(bend: float, size: tuple[int, int] = (161, 121)) -> Image.Image:
    """A white line that is straight at x = 40 as a lens shows it: x' = x (1 + k r^2)."""
    width, height = size
    y, x = np.mgrid[:height, :width].astype(float)
    centre = np.array([width / 2, height / 2])
    place = np.stack([x + 0.5, y + 0.5], -1) - centre
    true = place.copy()
    for _ in range(50):  # the place that the lens has brought here
        true = place / (1 + bend * (true**2).sum(-1, keepdims=True) / (centre**2).sum())
    return Image.fromarray((255 * (np.abs(true[..., 0] + centre[0] - 40) < 1.5)).astype(np.uint8))


@pytest.mark.parametrize("bend", [-0.2, 0.25])
def test_a_line_that_a_lens_has_bent_is_straight_again(bend: float) -> None:
    def spread(picture: Image.Image) -> float:
        columns = [np.flatnonzero(row > 90).mean() for row in np.asarray(picture)[5:-5]]
        return float(np.ptp(columns))

    assert spread(bent(bend)) > 2
    assert spread(straightened(bent(bend), bend)) < 1.2
    assert straightened(bent(bend), 0) == bent(bend)


def test_light_that_falls_off_is_evened_out_and_what_is_shown_stays() -> None:
    y, x = np.mgrid[:300, :200]
    light = 0.6 + 0.4 * x / 200
    pattern = np.where((x // 4 + y // 4) % 2, 140, 110)
    picture = Image.fromarray((pattern * light)[..., None].repeat(3, 2).round().astype(np.uint8))
    halves = [
        np.asarray(one, float)[:, cut].mean()
        for one in (picture, evenly_lit(picture))
        for cut in (slice(50), slice(150, 200))
    ]
    assert halves[1] - halves[0] > 20
    assert abs(halves[3] - halves[2]) < 8
    assert np.asarray(evenly_lit(picture), float)[140:160, 90:110].std() > 8  # the pattern is still there
    assert evenly_lit(Image.new("L", (3, 2))).getpixel((0, 0)) == 0


def test_all_together_keep_size_and_mode_and_say_what_was_done() -> None:
    finish = Finish(lens=-0.1, white_balance=True, even_light=True, keep_colour=True, sharpen=0.5, strength=0.5)
    for mode in ("L", "RGB"):
        shown, original = finish.before(noise().convert(mode))
        result = finish.after(Image.new(mode, (80, 80)), original)  # of a model that doubles the size
        assert (shown.size, shown.mode, result.size, result.mode) == ((40, 40), mode, (80, 80), mode)
    assert Finish().settings == {}
    assert Finish(lens=0.1, sharpen=0.2).settings == {"lens": 0.1, "sharpen": 0.2}
    for wrong in ({"lens": 0.4}, {"sharpen": -1}, {"strength": float("nan")}):
        with pytest.raises(ConfigError, match="it must be"):
            Finish(**wrong)
