"""Images in a table with words beside them."""

import numpy as np
import pytest
import torch

from saddlepoint.errors import ShapeError
from saddlepoint.report.captioned import captioned


def shown(count, side=8, channels=3):
    return [torch.full((channels, side, side), value) for value in torch.linspace(-1, 1, count)]


def test_each_image_stands_in_its_row_and_column():
    picture = np.asarray(captioned(shown(6), ["a", "b"], ["1", "2", "3"], "what it is"))
    assert picture.shape[2] == 3
    left = picture.shape[1] - 3 * 100 if picture.shape[1] > 360 else None
    tile = 100  # 8 pixels enlarged twelvefold, and the frame
    top = picture.shape[0] - 2 * tile
    indent = next(x for x in range(picture.shape[1]) if (picture[top + 50, x] == 64).all())
    values = [picture[top + tile * row + 50, indent + tile * column + 50, 0] for row in range(2) for column in range(3)]
    assert values == [0, 51, 102, 153, 204, 255]
    assert left is None or left == indent


def test_words_take_room_and_are_seen():
    bare, worded = (captioned(shown(2), ["", ""], [""], title) for title in ("", "a title " * 20))
    assert worded.size[1] > bare.size[1] + 2 * 17
    assert bare.size == (360, 200)
    assert (np.asarray(worded)[:30] < 128).any()
    with_rows = captioned(shown(2), ["row " * 30, ""], [""])
    assert with_rows.size[1] >= bare.size[1]
    assert (np.asarray(with_rows)[:, :200] < 128).any()


def test_a_place_may_be_empty():
    picture = np.asarray(captioned([None, *shown(3)], ["", ""], ["", ""]))
    assert (picture[:99, :99] == 255).all()


def test_long_words_are_broken_and_all_is_kept():
    word = "0:" + "1234567890" * 4
    picture = captioned(shown(1), [""], [word])
    assert picture.size[1] > 98 + 4 * 17


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_other_numbers_of_channels_are_drawn(channels):
    assert captioned(shown(1, channels=channels), [""], [""]).mode == "RGB"


def test_images_without_a_place_are_refused():
    with pytest.raises(ShapeError, match="2 rows of 2 columns do not hold 3 images"):
        captioned(shown(3), ["", ""], ["", ""])
    with pytest.raises(ShapeError):
        captioned([None], [""], [""])
