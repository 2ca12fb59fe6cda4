"""Pictures with their disclosure: what is put into them, and that small ones and bare machines get what is possible."""

import io

import pytest
from PIL import Image

from saddlepoint.deploy import label, watermark
from saddlepoint.deploy.label import Disclosure, carried, labelled
from saddlepoint.deploy.metadata import read
from saddlepoint.errors import ShapeError

MADE = Disclosure("generated", "dcgan", "1", {"seed": 3})


def noise(side: int) -> Image.Image:
    return Image.effect_noise((side, side), 60)


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("form", ["png", "jpeg"])
def test_a_large_picture_carries_both(form):
    picture = opened(labelled(noise(256), MADE, form=form))
    assert carried(picture.size) == ("metadata", "watermark")
    assert read(picture).disclosure == MADE
    found = watermark.find(picture)
    assert found is not None
    assert found.found


def test_a_small_picture_carries_metadata_alone():
    given = noise(64)
    picture = opened(labelled(given, MADE))
    assert carried(picture.size) == ("metadata",)
    assert read(picture).disclosure == MADE
    assert picture.tobytes() == given.tobytes()


def test_the_watermark_can_be_left_out():
    given = noise(256)
    assert opened(labelled(given, MADE, watermark=False)).tobytes() == given.tobytes()
    assert carried(given.size, watermark=False) == ("metadata",)


def test_a_picture_with_alpha_is_refused():
    with pytest.raises(ShapeError, match="this one is RGBA"):
        labelled(Image.new("RGBA", (8, 8)), MADE)


@pytest.mark.parametrize(("name", "form"), [("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.webp", "WEBP"), ("a", "PNG")])
def test_a_command_writes_metadata_alone_in_the_form_of_the_ending(tmp_path, name, form):
    given = noise(256)
    label.write(given, tmp_path / name, MADE, "seed 3, at length")
    with Image.open(tmp_path / name) as picture:
        assert picture.format == form
        said = read(picture)
        assert (said.disclosure, said.discloses) == (MADE, True)
        if form == "PNG":
            assert picture.tobytes() == given.tobytes()
            assert picture.info["Description"] == "seed 3, at length"


@pytest.mark.parametrize("name", ["a.bmp", "a.tif"])
def test_a_form_that_holds_no_metadata_is_written_without(tmp_path, name):
    label.write(noise(16), tmp_path / name, MADE)
    with Image.open(tmp_path / name) as picture:
        assert picture.size == (16, 16)
        assert not read(picture).discloses
