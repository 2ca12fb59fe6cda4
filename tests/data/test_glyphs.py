"""Letters of no alphabet: each a function of its number and of the drawing's, alike within and different between."""

import numpy as np

from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.world.glyphs import DRAWINGS, LETTERS, render


def test_drawings_are_a_function_of_their_numbers() -> None:
    letter, drawing = np.arange(6) % 3, np.arange(6)
    whole = render(letter, drawing, 16)
    np.testing.assert_array_equal(whole[4:5], render(letter[4:5], drawing[4:5], 16))
    assert len(np.unique(whole.reshape(6, -1), axis=0)) == 6


def test_drawings_of_a_letter_are_nearer_than_those_of_others_in_the_mean() -> None:
    letter, drawing = (each.ravel() for each in np.meshgrid(np.arange(200, 220), np.arange(10), indexing="ij"))
    flat = render(letter, drawing, 16).reshape(len(letter), -1) / 255
    far = ((flat[:, None] - flat) ** 2).mean(2)
    same = letter[:, None] == letter
    assert far[same & ~np.eye(len(letter), dtype=bool)].mean() < 0.9 * far[~same].mean()
    assert 0.03 < flat.mean() < 0.4


def test_the_data_set_has_a_class_for_each_letter_and_none_of_later_ones() -> None:
    data = open_data(DataSettings(data="world:glyphs", resolution=8))
    assert data.images.shape == (LETTERS * DRAWINGS, 1, 8, 8)
    assert np.bincount(data.fields["label"]).tolist() == [DRAWINGS] * LETTERS
    assert data.classes[:2] == ("letter 00", "letter 01")
