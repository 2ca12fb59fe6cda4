"""Bringing a picture to a square: which pixels stay, and which remark says so."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from small_images import picture, saved

from saddlepoint.data.sources.fit import fitted_to, natural_side, square
from saddlepoint.data.sources.remarks import Remark, sentences
from saddlepoint.errors import ConfigError

WIDE = np.arange(10, dtype=np.uint8).reshape(2, 5)  # 5 wide, 2 high


def test_a_crop_takes_the_middle_square_and_changes_no_pixel():
    image, remarks = square(Image.fromarray(WIDE), 2, "crop")
    assert np.asarray(image).tolist() == [[1, 2], [6, 7]]
    assert remarks == {Remark.CUT}


def test_padding_repeats_the_edge_and_keeps_the_picture_in_the_middle():
    image, remarks = square(Image.fromarray(WIDE), 5, "pad")
    assert np.asarray(image).tolist() == [WIDE[0].tolist()] * 2 + [WIDE[1].tolist()] * 3
    assert remarks == {Remark.PADDED}


def test_stretching_keeps_the_whole_picture():
    image, remarks = square(Image.new("L", (8, 2), 77), 4, "stretch")
    assert (np.asarray(image) == 77).all()
    assert remarks == {Remark.STRETCHED, Remark.REDUCED}


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (300, 1), (7, 16), (16, 16)])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_every_size_becomes_the_asked_square(fit, size, mode):
    image, _ = square(picture(size=size, mode=mode), 16, fit)
    assert (image.size, image.mode) == ((16, 16), mode)


def test_a_picture_of_the_right_size_is_left_alone():
    image = picture(size=(16, 16))
    same, remarks = square(image, 16, "crop")
    assert remarks == set()
    np.testing.assert_array_equal(np.asarray(same), np.asarray(image))


def test_reducing_averages_instead_of_dropping_pixels():
    stripes = Image.fromarray(np.tile(np.array([0, 255], np.uint8), (64, 32)))  # every other column white
    image, remarks = square(stripes, 16, "crop")
    assert remarks == {Remark.REDUCED}
    assert np.abs(np.asarray(image).astype(int) - 127)[:, 2:-2].max() <= 4


def test_enlarging_is_remarked():
    assert square(picture(size=(4, 4)), 8, "crop")[1] == {Remark.ENLARGED}


def test_the_natural_side_loses_nothing_that_the_fit_would_keep():
    assert [natural_side(8, 6, fit) for fit in ("crop", "pad", "stretch")] == [6, 8, 8]


def test_remarks_become_sentences_with_their_counts():
    said = sentences({Remark.ALPHA: 1, Remark.CMYK: 1200, Remark.CUT: 0})
    assert said == (
        "1 image had an alpha channel: laid on white",
        "1,200 images had printing colours (CMYK): converted to RGB",
    )


@pytest.mark.parametrize(
    ("size", "fit", "changes"),
    [
        ((24, 16), "crop", {Remark.REDUCED}),
        ((24, 24), "crop", {Remark.CUT, Remark.REDUCED}),
        ((64, 32), "crop", {Remark.CUT, Remark.ENLARGED}),
        ((24, 24), "pad", {Remark.PADDED, Remark.REDUCED}),
        ((64, 32), "stretch", {Remark.STRETCHED, Remark.ENLARGED}),
        ((48, 32), "crop", set()),
        ((1, 99), "crop", {Remark.CUT, Remark.ENLARGED}),
        ((1, 99), "pad", {Remark.PADDED, Remark.REDUCED}),
    ],
)
def test_an_image_is_brought_to_a_rectangle(size, fit, changes):
    image, remarks = fitted_to(picture(size=(48, 32)), size, fit)
    assert (image.size, remarks) == (size, changes)


def test_rectangles_are_packed_as_wide_and_high_as_is_said(folder, opened):
    for index in range(3):
        saved(folder / f"{index}.png", picture(index, (96, 64)))
    data = opened(data=str(folder), resolution="48x32")
    assert (data.images.shape, data.spec().size) == ((3, 3, 32, 48), (32, 48))
    assert opened(data=str(folder), resolution="16x16").images.shape == (3, 3, 16, 16)
    assert opened(data=f"halves:{folder}", resolution="24X32").fields["source"].shape == (3, 3, 32, 24)
    assert opened(data="world:shapes", resolution="8x4").images.shape[1:] == (3, 4, 8)
    for word in ("0x4", "4x", "x", "4x4x4", "wide", "-3", "1e3", ""):
        with pytest.raises(ConfigError, match="it is a side from 1 to 999,999 pixels"):
            opened(data=str(folder), resolution=word)
