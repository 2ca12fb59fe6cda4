"""The gap of mutual information in both protocols: 1 for a perfect code, nothing for a rotated one, and by hand."""

import itertools
import math

import numpy as np
import pytest
import torch

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas import mig

FACTORS = np.array(list(itertools.product(range(4), range(4), range(3))))
SHARP = torch.full((48, 3), math.log(1e-4))
"""log-variances of posteriors that lie far apart"""


def test_a_perfect_code_has_a_gap_of_one() -> None:
    codes = FACTORS.astype(float) @ np.diag([1.0, -2.0, 0.5])  # its scale and sign say nothing
    assert mig.histogram(codes, FACTORS).value == pytest.approx(1)
    posterior = mig.posterior(torch.tensor(codes).float(), SHARP, FACTORS, samples=2000)
    assert posterior.value == pytest.approx(1, abs=0.02)
    assert posterior.entropy == pytest.approx(np.log([4, 4, 3]))


def test_a_code_that_is_turned_between_two_factors_has_none_of_them() -> None:
    turn = np.array([[1.0, 1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    codes = FACTORS @ turn.T
    assert mig.histogram(codes, FACTORS).each == pytest.approx([0, 0, 1])
    posterior = mig.posterior(torch.tensor(codes).float(), SHARP, FACTORS, samples=4000)
    assert posterior.each == pytest.approx([0, 0, 1], abs=0.03)


def test_the_gap_is_that_of_the_two_numbers_that_tell_most() -> None:
    factor = np.arange(8) % 4
    codes = np.stack([factor, factor // 2, np.zeros(8)], 1).astype(float)  # 2 bits, 1 bit and none of 2
    gap = mig.histogram(codes, factor[:, None])
    assert gap.information[:, 0] == pytest.approx([math.log(4), math.log(2), 0])
    assert gap.value == pytest.approx(0.5)
    assert mig.histogram(codes[:, :1], factor[:, None]).value == pytest.approx(1)


def test_codes_that_are_not_told_apart_tell_nothing_by_their_posteriors_and_all_by_their_means() -> None:
    """The two protocols differ: means leave out how unsure the codes are."""
    codes = torch.tensor(FACTORS).float() * 0.01
    wide = torch.zeros_like(codes)
    assert mig.histogram(codes.numpy(), FACTORS).value == pytest.approx(1)
    assert mig.posterior(codes, wide, FACTORS, samples=4000).value < 0.02


def test_information_of_a_normal_channel_is_that_of_the_formula() -> None:
    """z = v + noise with v of N(0, 1): half of log(1 + 1 / variance), here by many values of v."""
    grid = torch.special.ndtri((torch.arange(200) + 0.5) / 200)[:, None]
    rows = np.arange(200)[:, None]
    gap = mig.posterior(grid, torch.full_like(grid, math.log(0.5)), rows, samples=5000)
    assert gap.information[0, 0] == pytest.approx(0.5 * math.log(3), abs=0.02)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ShapeError, match="one value"):
        mig.histogram(np.zeros((4, 2)), np.zeros((4, 1), int))
    with pytest.raises(ShapeError, match="factors"):
        mig.histogram(np.zeros((4, 2)), np.zeros((5, 1), int))
