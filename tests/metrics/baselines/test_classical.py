"""Classical restoration: each against a truth that it must find, or a library that does the same."""

from importlib import import_module

import numpy as np
import pytest
from scipy.ndimage import correlate
from skimage.restoration import denoise_nl_means, inpaint_biharmonic

from saddlepoint.data.degrade import haze
from saddlepoint.metrics.baselines.bm3d import _haar, bm3d
from saddlepoint.metrics.baselines.classical import classical
from saddlepoint.metrics.baselines.dark_channel import dehazed
from saddlepoint.metrics.baselines.exposures import merged
from saddlepoint.metrics.baselines.filling import filled
from saddlepoint.metrics.baselines.filters import linear_filter, richardson_lucy, wiener
from saddlepoint.metrics.baselines.non_local_means import non_local_means


def picture(side: int = 32) -> np.ndarray:
    """A disc, a slope and bars, [3, side, side] in [0, 1]."""
    line = (np.arange(side) + 0.5) / side
    x, y = np.meshgrid(line, line)
    disc = np.hypot(x - 0.4, y - 0.5) < 0.25
    bars = np.floor(8 * x + 2 * y) % 2 * (y > 0.8)
    return np.stack([np.where(disc, 0.9, 0.3 * x + 0.2), np.where(disc, 0.2, 0.5 - 0.3 * y), 0.2 + 0.6 * bars])


def test_noise_is_taken_away_and_flat_images_stay() -> None:
    """Non-local means as in another library; on a picture of flat parts they are nearer than BM3D."""
    assert np.allclose(_haar(8) @ _haar(8).T, np.eye(8))
    clean = picture()
    noisy = clean + 0.1 * np.random.default_rng(0).standard_normal(clean.shape)
    library = denoise_nl_means(noisy, patch_size=5, patch_distance=6, h=0.08, sigma=0.1, fast_mode=True, channel_axis=0)
    ours = non_local_means(noisy, 0.1)
    errors = [((each - clean) ** 2).mean() for each in (ours, library, bm3d(noisy, 0.1, reach=6), noisy)]
    assert errors[0] == pytest.approx(errors[1], rel=0.3)
    assert errors[0] < errors[2] < 0.4 * errors[3]
    flat = np.full((1, 12, 12), 0.4)
    assert np.allclose(bm3d(flat, 0.1), flat, atol=1e-3)
    assert np.allclose(non_local_means(flat, 0.1), flat)


def test_holes_are_filled_exactly_where_the_image_solves_the_equation() -> None:
    line = np.linspace(0, 1, 16)
    slope = (0.2 + 0.5 * line[:, None] + 0.2 * line)[None, None]
    known = np.ones((1, 16, 16), bool)
    known[0, 5:11, 6:12] = False
    holed = np.where(known[:, None], slope, 0)
    for plate in (False, True):
        assert np.allclose(filled(holed, known, plate=plate), slope, atol=1e-6)
    ours = filled(picture(16)[None], known, plate=True)[0]
    theirs = inpaint_biharmonic(picture(16), ~known[0], channel_axis=0)
    assert np.abs(ours - theirs).mean() < 0.01


def test_a_blur_that_is_known_is_undone() -> None:
    kernel = np.outer([0.25, 0.5, 0.25], [0.1, 0.8, 0.1])
    clean = picture()[None]
    blurred = np.stack([correlate(channel, kernel, mode="reflect") for channel in clean[0]])[None]
    before = np.abs(blurred - clean).mean()
    for undone in (wiener(blurred, kernel[None], 1e-3), richardson_lucy(blurred, kernel[None])):
        assert np.abs(undone - clean).mean() < 0.8 * before


def test_the_best_linear_filter_finds_a_filter() -> None:
    rng = np.random.default_rng(0)
    source, kernel = rng.random((4, 1, 20, 20)), rng.random((3, 3))
    target = np.stack([correlate(image[0], kernel, mode="reflect") for image in source])[:, None] + 0.1
    assert np.allclose(linear_filter(source, target, 3)(source), target, atol=1e-2)


def test_haze_over_an_image_with_dark_pixels_is_taken_away() -> None:
    clear = np.repeat(picture()[None], 2, 0) * 0.9
    clear[:, 2] *= 0.1
    hazy = haze.degrade(np.rint(clear * 255).astype(np.uint8), 12) / 255
    assert np.abs(dehazed(hazy) - clear).mean() < 0.7 * np.abs(hazy - clear).mean()


def test_exposures_of_a_still_scene_merge_to_its_light() -> None:
    light, times = np.random.default_rng(0).uniform(0.001, 1, (2, 3, 8, 8)), (1.0, 4.0, 16.0)
    shots = np.concatenate([(time * light).clip(0, 1) ** (1 / 2.2) for time in times], 1)
    assert np.abs(merged(shots, times, 2.2) - light).max() < 1e-3


@pytest.mark.parametrize(
    "word", ["noise25:x", "holes25:x", "grey:x", "blur5:x", "haze12:x", "lowres2:x", "rain20:x", "cloudy40:x"]
)
def test_every_degradation_has_something_to_beat(word: str) -> None:
    name = word.rstrip(":x0123456789")
    given = np.random.default_rng(0).integers(0, 256, (4, 3, 16, 16), dtype=np.uint8)
    amount = int("".join(filter(str.isdigit, word)) or 0)
    source = import_module(f"saddlepoint.data.degrade.{name}").degrade(given, amount)
    results = classical(word, (source, given), source)
    assert results
    assert all(each.shape == given.shape and each.min() >= 0 and each.max() <= 1 for each in results.values())
