"""Figures of pairs of images."""

import numpy as np
import pytest
from metric_inputs import made_images, noisy

from saddlepoint.errors import DataError
from saddlepoint.metrics.formulas.pairwise import psnr
from saddlepoint.metrics.formulas.ssim import ssim
from saddlepoint.metrics.scores.measure_pairs import measure_pairs
from saddlepoint.metrics.scores.score import Protocol

MADE = Protocol("", 0, 0, reference="given")
REAL = made_images(4, 1, 16, 16, "real")
FAKE = noisy(REAL, 30)


def test_the_mean_and_the_deviation_are_over_all_pairs():
    wide = made_images(1, 3, 16, 24, "wide")
    scores = measure_pairs(["psnr", "ssim"], [(REAL, FAKE), (wide, noisy(wide, 9))], MADE)
    for score, metric in zip(scores, (psnr, ssim)):
        values = np.concatenate([metric(REAL, FAKE), metric(wide, noisy(wide, 9))])
        assert (score.value, score.spread, score.over) == (values.mean(), values.std(), "5 pairs")
        assert (score.protocol.real, score.protocol.fake) == (5, 5)


def test_other_real_images_are_another_protocol():
    first, second = (measure_pairs(["mae"], [(images, FAKE)], MADE)[0].protocol for images in (REAL, FAKE))
    assert first.data != second.data


def test_equal_images_have_an_infinite_ratio_and_no_spread():
    score = measure_pairs(["psnr"], [(REAL, REAL)], MADE)[0]
    assert (score.value, score.spread) == (np.inf, None)


def test_no_pairs_are_refused():
    with pytest.raises(DataError, match="no pairs"):
        measure_pairs(["mae"], [], MADE)
