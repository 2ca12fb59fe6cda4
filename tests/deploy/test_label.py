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


def test_without_the_library_there_is_metadata_alone(monkeypatch):
    monkeypatch.setattr(label, "available", lambda: False)
    given = noise(256)
    assert carried(given.size) == ("metadata",)
    assert opened(labelled(given, MADE)).tobytes() == given.tobytes()


def test_a_picture_with_alpha_is_refused():
    with pytest.raises(ShapeError, match="this one is RGBA"):
        labelled(Image.new("RGBA", (8, 8)), MADE)
