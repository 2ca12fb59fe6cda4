"""The pattern of the watermark: a crop and another size leave it in place, and it is found nowhere else."""

import io

import numpy as np
import pytest
from PIL import Image

from saddlepoint.deploy.examine import examine
from saddlepoint.deploy.pattern import ENOUGH, trace
from saddlepoint.deploy.watermark import find, mark


def texture(side: int = 256, seed: int = 0) -> Image.Image:
    """Noise of all sizes, as photographs have it."""
    rng, made = np.random.default_rng(seed), np.zeros((side, side, 3))
    for cells in (4, 8, 16, 32, 64, 128, side):
        for channel in range(3):
            coarse = Image.fromarray(rng.normal(0, 40 * (4 / cells) ** 0.7, (cells, cells)).astype(np.float32))
            made[..., channel] += np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC))
    return Image.fromarray(np.clip(made + 128, 0, 255).astype(np.uint8))


def as_file(picture: Image.Image, form: str = "PNG", **options: int) -> bytes:
    content = io.BytesIO()
    picture.save(content, form, **options)
    return content.getvalue()


CHANGES = {
    "cut": lambda picture: picture.crop((37, 51, 229, 243)),
    "small piece": lambda picture: picture.crop((37, 51, 165, 179)),
    "half": lambda picture: picture.resize((128, 128), Image.Resampling.BICUBIC),
    "larger": lambda picture: picture.resize((431, 431), Image.Resampling.BICUBIC),
    "cut and smaller": lambda picture: picture.crop((13, 21, 240, 250)).resize((170, 171), Image.Resampling.LANCZOS),
    "brighter": lambda picture: picture.point(lambda value: min(255, round(value * 1.05))),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_cut_or_resized_picture_is_still_known(change: str) -> None:
    changed = CHANGES[change](mark(texture()))
    bits = find(changed)
    assert bits is None or not bits.found
    evidence = examine(as_file(changed, "JPEG", quality=85))
    assert evidence.marked
    assert evidence.found
    assert evidence.trace is not None
    assert evidence.trace.chance < 1e-6


def test_the_size_is_told() -> None:
    found = trace(mark(texture()).resize((192, 192), Image.Resampling.BICUBIC))
    assert found is not None
    assert found.scale == pytest.approx(0.75, rel=0.01)


def test_pictures_without_it_stay_far_below_the_bound() -> None:
    """One of each kind: noise, nothing, stripes of the pattern's own period, and a repeated tile."""
    rng = np.random.default_rng(0)
    tile = np.tile(rng.integers(0, 256, (64, 64), np.uint8), (4, 4))
    stripes = np.tile((128 + 60 * np.sin(np.arange(256) * 2 * np.pi / 8)).astype(np.uint8), (256, 1))
    pictures = [texture(seed=1), Image.new("L", (256, 256), 90), Image.fromarray(stripes), Image.fromarray(tile)]
    for picture in pictures:
        found = trace(picture)
        assert found is not None
        assert found.score < ENOUGH - 1
        assert not examine(as_file(picture)).marked


def test_the_bound_of_a_false_alarm_counts_what_was_tried() -> None:
    found = trace(texture())
    assert found is not None
    assert found.tried == 64 * 64 * 175
    assert found.chance > 0.01
    assert trace(Image.new("L", (95, 300))) is None
