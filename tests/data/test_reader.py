"""One reader for training, translation, projection and the service: pixels, and every remark on them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms
from small_images import picture, saved

from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.data.sources.reader import read_image
from saddlepoint.data.sources.remarks import Remark, in_words


def test_a_plain_image_has_no_remarks(tmp_path):
    image, remarks = read_image(saved(tmp_path / "a.png"))
    assert (image.size, image.mode, remarks) == ((12, 12), "RGB", set())


def test_lost_depth_pages_alpha_and_rotation_are_remarked(tmp_path):
    deep = Image.fromarray(np.linspace(0, 65535, 64).reshape(8, 8).astype(np.uint16))
    deep.save(tmp_path / "deep.tiff")
    picture().save(tmp_path / "pages.tiff", save_all=True, append_images=[picture(1)])
    picture().save(tmp_path / "moving.gif", save_all=True, append_images=[picture(1)])
    picture(mode="RGBA").save(tmp_path / "clear.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    picture().save(tmp_path / "turned.jpg", exif=turned)
    remarks = {name: read_image(tmp_path / name)[1] for name in ("deep.tiff", "pages.tiff", "clear.png", "turned.jpg")}
    assert remarks == {
        "deep.tiff": {Remark.DEEP},
        "pages.tiff": {Remark.FRAMES},
        "clear.png": {Remark.ALPHA},
        "turned.jpg": {Remark.ROTATED},
    }
    assert Remark.FRAMES in read_image(tmp_path / "moving.gif")[1]


def test_a_profile_of_other_colours_is_remarked_and_srgb_is_not(tmp_path):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, profile in (("lab.png", lab), ("srgb.png", srgb)):
        saved(tmp_path / name, icc_profile=profile)
    assert read_image(tmp_path / "lab.png")[1] == {Remark.PROFILE}
    assert read_image(tmp_path / "srgb.png")[1] == set()


def test_an_image_is_brought_to_channels_and_a_side_and_that_is_remarked(tmp_path):
    path = saved(tmp_path / "a.png", picture(size=(16, 12)))
    image, remarks = read_image(path, channels=1, side=8)
    assert (image.size, image.mode, remarks) == ((8, 8), "L", {Remark.GREYED, Remark.CUT, Remark.REDUCED})
    stream = io.BytesIO(path.read_bytes())
    assert read_image(stream, side=32, fit="pad")[1] == {Remark.PADDED, Remark.ENLARGED}


def test_remarks_are_sentences_on_the_file_that_no_terminal_trips_over():
    sentences = in_words("a\x1b.tiff", {Remark.DEEP, Remark.FRAMES})
    assert sentences == (
        "a\\x1b.tiff had several frames or pages: the first was taken",
        "a\\x1b.tiff had 16 bits a channel: scaled to 8",
    )


def test_whatever_is_wrong_with_a_file_is_one_reason(tmp_path):
    cut = saved(tmp_path / "cut.png")
    cut.write_bytes(cut.read_bytes()[:60])
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "folder.png").mkdir()
    for name, words in (
        ("cut.png", "could not be decoded"),
        ("text.png", "not an image of a known kind"),
        ("gone.png", "cannot be read: No such file"),
        ("folder.png", "cannot be read: Is a directory"),
        ("zero\0.png", "could not be worked on: embedded null"),
        ("long" * 100, "cannot be read: File name too long"),
    ):
        with pytest.raises(UnusableImage, match=words):
            read_image(tmp_path / name)
