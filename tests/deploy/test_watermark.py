"""The invisible mark: where it survives, and that it is found nowhere else."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from saddlepoint.deploy.watermark import BITS, ENOUGH, Mark, find, large_enough, mark
from saddlepoint.errors import ShapeError


def texture(side: int = 256, seed: int = 0, mode: str = "RGB") -> Image.Image:
    """Noise of all sizes, as photographs have it."""
    rng, made = np.random.default_rng(seed), np.zeros((side, side, 3))
    for cells in (4, 8, 16, 32, 64, 128, side):
        for channel in range(3):
            coarse = Image.fromarray(rng.normal(0, 40 * (4 / cells) ** 0.7, (cells, cells)).astype(np.float32))
            made[..., channel] += np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC))
    return Image.fromarray(np.clip(made + 128, 0, 255).astype(np.uint8)).convert(mode)


def through_jpeg(picture: Image.Image, quality: int) -> Image.Image:
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=quality)
    return Image.open(content)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("side", [256, 327])
def test_a_mark_is_found_also_after_jpeg_at_quality_80(side, mode):
    marked = mark(texture(side, mode=mode))
    assert (marked.mode, marked.size) == (mode, (side, side))
    assert find(marked) == Mark(64, 64)
    found = find(through_jpeg(marked, 80))
    assert found is not None
    assert found.found
    assert found.matched >= 62


def test_a_mark_outlives_the_loss_of_colour():
    found = find(mark(texture()).convert("L"))
    assert found is not None
    assert found.matched >= 62


def test_nobody_sees_it():
    picture = texture()
    moved = np.asarray(mark(picture)).astype(int) - np.asarray(picture)
    assert abs(moved).max() <= 12
    assert 10 * np.log10(255**2 / (moved**2).mean()) > 42


@pytest.mark.parametrize("grey", [0, 255])
def test_black_and_white_do_not_run_over(grey):
    marked = np.asarray(mark(Image.new("L", (256, 256), grey))).astype(int)
    assert abs(marked - grey).max() <= 10


def test_a_picture_that_the_library_invisible_watermark_marked_is_read() -> None:
    """Marked by release 0.2.0 in luminance, as this library did before it had the scheme itself; JPEG, quality 80."""
    with Image.open(Path(__file__).parent / "marked" / "invisible_watermark_0_2_0.jpg") as picture:
        assert find(picture) == Mark(64, 64)


def test_the_library_and_this_scheme_read_one_anothers_pictures_alike() -> None:
    decoder = pytest.importorskip("imwatermark").WatermarkDecoder("bits", 64)
    for seed, picture in enumerate((mark(texture()), texture(263), mark(texture(327, 1)))):
        blue_first = np.asarray(picture)[..., ::-1].copy()
        bits = decoder.decode(blue_first, "dwtDctSvd", scales=[28, 0, 0])
        assert find(picture) == Mark(int((bits == BITS).sum()), 64), seed


def test_unmarked_pictures_agree_by_chance_alone():
    found = [find(texture(seed=seed)) for seed in range(20)]
    assert not any(each.found for each in found if each)
    assert 28 < np.mean([each.matched for each in found if each]) < 36


@pytest.mark.parametrize("columns", [False, True])
def test_flat_pictures_and_columns_agree_in_exactly_half(columns):
    picture = Image.new("L", (256, 256), 77)
    if columns:
        picture = Image.fromarray(np.tile(np.random.default_rng(0).integers(0, 256, 256, np.uint8), (256, 1)))
    assert find(picture) == Mark(32, 64)


def test_the_chance_of_a_false_alarm_is_that_of_coins():
    assert Mark(ENOUGH, 64).found
    assert not Mark(ENOUGH - 1, 64).found
    assert Mark(0, 64).chance == 1
    assert Mark(64, 64).chance == 2.0**-64
    assert Mark(ENOUGH, 64).chance == pytest.approx(1 / 4.38e6, rel=0.01)


def test_small_pictures_carry_none():
    assert large_enough((256, 256))
    assert large_enough((64, 1024))
    assert not large_enough((256, 255))
    assert not large_enough((7, 100_000))
    assert find(Image.new("L", (255, 256))) is None
    with pytest.raises(ShapeError, match="blocks of 256x256 pixels; this one is L of 255x256"):
        mark(Image.new("L", (255, 256)))
    with pytest.raises(ShapeError, match="this one is RGBA"):
        mark(Image.new("RGBA", (256, 256)))
