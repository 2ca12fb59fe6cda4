"""Degradations: each a function of an image and its row, with amounts that are refused in words, and known truths."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from saddlepoint.data import degrade
from saddlepoint.data.degrade import blur, cloudy, defocus, exposures, haze, holes, jpeg, noise, practical, strokes
from saddlepoint.data.degrade._rows import filtered
from saddlepoint.data.open import anchored, open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.errors import ConfigError

NAMES = degrade.names()


def images(count: int = 6, side: int = 24) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 3, side, side), dtype=np.uint8)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_depends_on_its_image_and_number_alone(name: str) -> None:
    module = importlib.import_module(f"saddlepoint.data.degrade.{name}")
    whole, few = (module.degrade(images()[:count], module.USUAL) for count in (6, 3))
    assert whole.dtype == np.uint8
    assert np.array_equal(whole[:3], few)
    assert not np.array_equal(whole[:3, :1, :6, :6], images()[:3, :1, :6, :6]) or name in ("centre", "holes", "strokes")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "lowres"])
def test_amounts_that_make_no_sense_are_refused_in_words(name: str) -> None:
    module = importlib.import_module(f"saddlepoint.data.degrade.{name}")
    if name in ("noise", "sensor"):
        return  # any level of noise is one
    if module.USUAL == 0:
        with pytest.raises(ConfigError, match="has no amount"):
            open_data("grey3:world:shapes", resolution=16)
        return
    with pytest.raises(ConfigError):
        module.degrade(images(2), 0)


def test_words_have_amounts_or_the_usual_one_and_keep_them() -> None:
    assert degrade.split("noise25:photos") == ("noise", 25, "photos")
    assert degrade.split("noise:photos") == ("noise", None, "photos")
    assert anchored(DataSettings(data="haze:digits")).data == "haze:digits"
    plain, usual = (open_data(f"{word}:world:shapes", resolution=8) for word in ("centre", "centre50"))
    assert np.array_equal(plain.fields["source"], usual.fields["source"])
    assert plain.fields["source"].shape[1] == 4


def test_noise_has_the_deviation_that_is_asked_for() -> None:
    flat = np.full((4, 3, 32, 32), 128, np.uint8)
    assert (noise.degrade(flat, 25).astype(float) - 128).std() == pytest.approx(25, rel=0.03)


def test_kernels_sum_to_one_and_differ_from_row_to_row() -> None:
    kernels = blur.kernels(np.arange(5), 9)
    assert np.allclose(kernels.sum((1, 2)), 1)
    assert (kernels >= 0).all()
    assert len(np.unique(kernels.round(6), axis=0)) == 5
    assert np.allclose(defocus.kernel(2).sum(), 1)
    assert np.allclose(blur.kernels(np.array([3]), 9)[0], kernels[3])


@pytest.mark.parametrize("side", [3, 9])
def test_a_filter_is_a_correlation(side: int) -> None:
    kernel, image = np.random.default_rng(1).random((side, side)), np.random.default_rng(2).random((1, 12, 14))
    padded = np.pad(image[0], side // 2, mode="symmetric")
    by_hand = (kernel * padded[4 : 4 + side, 5 : 5 + side]).sum()
    assert filtered(image, kernel)[0, 4, 5] == pytest.approx(by_hand)


def test_haze_can_be_undone_by_who_knows_it() -> None:
    given = images(3)
    for row, hazy in enumerate(haze.degrade(given, 12)):
        through, air = haze.weather(row, (3, 24, 24), 12)
        clear = (hazy / 255 - air * (1 - through)) / through
        assert np.abs(clear * 255 - given[row]).max() < 0.51 / through.min()


def test_holes_have_about_the_share_that_is_asked_for_and_known_pixels_stay() -> None:
    given = images(64, 32)
    for module in (holes, strokes):
        result = module.degrade(given, module.USUAL)
        known = result[:, 3] == 255
        assert set(np.unique(result[:, 3])) <= {0, 255}
        assert 0.05 < 1 - known.mean() < 0.35
        assert all(np.array_equal(result[:, channel][known], given[:, channel][known]) for channel in range(3))


def test_the_light_of_exposures_is_the_image_by_a_power_and_the_middle_one_does_not_move() -> None:
    given = images(2)
    light = exposures.aim(given)
    assert light.dtype == np.float32
    assert np.allclose(light ** (1 / 2.2) * 255, given, atol=1e-3)
    middle = exposures.degrade(given, 2)[:, 3:6] / 255
    dark = light < 0.2
    assert np.abs(middle**2.2 / 4 - light)[dark].mean() < 0.01


def test_a_higher_quality_of_jpeg_is_nearer() -> None:
    smooth = np.repeat(np.repeat(images(2, 6), 4, 2), 4, 3)
    far = [np.abs(jpeg.degrade(smooth, quality).astype(float) - smooth).mean() for quality in (5, 95)]
    assert far[1] < far[0]


def test_the_kernels_of_the_practical_chain_are_the_public_ones() -> None:
    public = np.load(Path(__file__).parents[2] / "parity" / "blur_kernels_and_averages.npz")
    ours = {
        "gauss_iso": practical.bell(21, (2, 2), 0),
        "gauss_aniso": practical.bell(21, (3, 1), 0.6),
        "ggauss": practical.bell(21, (3, 1.5), 0.6, 0.8),
        "plateau": practical.bell(21, (3, 1.5), 0.6, 1.5, plateau=True),
        "sinc": np.pad(practical.sinc(1.2, 13), 4),
    }
    for name, kernel in ours.items():
        assert np.abs(kernel - public[f"out.k_{name}"]).max() < 1e-6, name


def test_grey_images_are_refused_where_colour_is_needed() -> None:
    with pytest.raises(ConfigError, match="--channels 3"):
        open_data("grey:digits")


def test_clouds_cover_what_is_asked_for_and_the_radar_sees_through_them() -> None:
    given, other = images(4, 32), images(4, 32)
    hidden = np.stack([cloudy.sky(row, (32, 32), 40)[0] for row in range(4)])
    assert (hidden > 0).mean() == pytest.approx(0.4, abs=0.01)
    whole = hidden == 1
    assert whole.mean() > 0.1
    changed = np.where(whole[:, None], 255 - other, other)  # other colours where clouds are thickest
    one, two = cloudy.degrade(given, 40), cloudy.degrade(changed, 40)
    where = np.broadcast_to(whole[:, None], given.shape)
    assert np.array_equal(one[:, :3][where], two[:, :3][where])
    assert not np.array_equal(one[:, 3:], two[:, 3:])
    clear = np.broadcast_to(hidden[:, None] == 0, given.shape)
    assert np.array_equal(one[:, :3][clear], given[clear])


SHAPES = ("volumes", "clouds", "meshes", "parts", "surfaces", "distances", "scene", "scenes", "scans")
OTHERS = ("text", "lines", "textpairs", "series", "clips", "boxes", "captions", "table", "paired", "halves", "masked")


@pytest.mark.parametrize("word", [*SHAPES, *OTHERS, "unpaired", "sensors", "world", "hub"])
def test_no_degradation_takes_the_word_of_other_data(word: str) -> None:
    assert degrade.split(f"{word}:folder") is None
