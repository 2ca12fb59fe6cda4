"""What is done to a picture before and after its translation."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from saddlepoint.deploy.finish import blended, coloured_like, sharpened, white_balanced


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
