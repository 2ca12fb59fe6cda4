"""Verification: 1 for codes that tell letters apart, a half for chance, and no naive distance comes near."""

import numpy as np
import pytest
import torch

from saddlepoint.metrics.proofs.verification import _area

LETTER = np.arange(60) // 6


def test_codes_that_tell_letters_apart_have_the_whole_area_and_chance_has_half() -> None:
    assert _area(torch.from_numpy(np.eye(10)[LETTER]), LETTER) == 1
    chance = np.random.default_rng(0).normal(size=(60, 5))
    assert _area(chance, LETTER) == pytest.approx(0.5, abs=0.07)
    assert _area(chance + 0.7 * np.eye(10)[LETTER][:, :5], LETTER) > _area(chance, LETTER)
