"""The naive maps that a translation is compared with."""

from __future__ import annotations

import numpy as np

from saddlepoint.metrics.baselines.translation import ColourTable, mean_image, recoloured


def noise(rows: int = 6, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (rows, channels, 5, 5), dtype=np.uint8)


def test_the_mean_image_is_the_mean_of_the_targets():
    made = mean_image(np.array([0, 10, 50], np.uint8)[:, None, None, None], 4)
    assert made.shape == (4, 1, 1, 1)
    assert made.ravel().tolist() == [20] * 4


def test_recoloured_images_have_the_mean_and_deviation_of_the_others():
    source = noise() // 3 + 50
    made = recoloured(source, source, noise() // 2 + 100)
    wanted = noise() // 2 + 100
    np.testing.assert_allclose(made.mean((0, 2, 3)), wanted.mean((0, 2, 3)), atol=1)
    np.testing.assert_allclose(made.std((0, 2, 3)), wanted.std((0, 2, 3)), atol=1)


def test_one_grey_is_recoloured_to_the_mean():
    flat = np.full((2, 3, 4, 4), 7, np.uint8)
    np.testing.assert_allclose(recoloured(flat, flat, noise()).mean((0, 2, 3)), noise().mean((0, 2, 3)), atol=1)


def test_a_colour_table_knows_any_map_of_a_pixels_colour_and_gives_the_mean_for_a_new_one():
    source = (noise(40, 2) // 32) * 32  # its own levels
    target = np.stack((255 - source[:, 1], source[:, 0]), 1)
    table = ColourTable(source, target)
    np.testing.assert_array_equal(table(source), target)
    alone = ColourTable(np.zeros((1, 1, 2, 2), np.uint8), np.full((1, 1, 2, 2), 9, np.uint8))
    assert alone(np.full((1, 1, 2, 2), 200, np.uint8)).ravel().tolist() == [9] * 4
