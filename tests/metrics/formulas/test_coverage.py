"""Class and mixture coverage, by hand."""

import math

import numpy as np
import pytest

from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.metrics.formulas.coverage import class_coverage, mixture_coverage


def test_a_histogram_is_worked_by_hand():
    fake, real = np.array([0] * 6 + [1] * 3 + [2]), np.array([0, 1, 2, 3])
    found = class_coverage(fake, real, 4, threshold=0.2)
    assert found.shares == (0.6, 0.3, 0.1, 0.0)
    assert found.modes == 2
    expected = 0.6 * math.log(0.6 / 0.25) + 0.3 * math.log(0.3 / 0.25) + 0.1 * math.log(0.1 / 0.25)
    assert found.divergence == pytest.approx(expected)


def test_equal_histograms_do_not_diverge():
    labels = np.arange(10).repeat(5)
    found = class_coverage(labels, labels, 10)
    assert (found.modes, found.divergence) == (10, pytest.approx(0))


def test_a_class_that_no_real_image_has_diverges_without_bound():
    assert class_coverage(np.array([1]), np.array([0]), 2).divergence == math.inf


def test_a_threshold_that_none_could_meet_is_refused():
    with pytest.raises(ConfigError, match="100 classes"):
        class_coverage(np.arange(100), np.arange(100), 100, threshold=0.03)


def test_labels_outside_the_classes_are_refused():
    with pytest.raises(ShapeError, match="in \\[0, 2\\)"):
        class_coverage(np.array([2]), np.array([0]), 2)


def test_points_are_given_to_their_nearest_centre():
    centres = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    points = np.array([[0.01, 0.0], [0.0, 0.02], [1.0, 0.029], [0.5, 0.5]])
    found = mixture_coverage(points, centres, deviation=0.01)
    assert found.modes == 2
    assert found.high_quality == 0.75
    assert found.divergence == pytest.approx(2 / 3 * math.log(2) + 1 / 3 * math.log(1))


def test_true_samples_are_of_high_quality():
    draw = np.random.default_rng(0)
    angles = 2 * np.pi * np.arange(8) / 8
    centres = np.stack([np.cos(angles), np.sin(angles)], 1)
    points = centres[draw.integers(8, size=20000)] + 0.02 * draw.standard_normal((20000, 2))
    assert mixture_coverage(points, centres, 0.02).high_quality == pytest.approx(0.989, abs=0.003)
    assert mixture_coverage(points, centres, 0.02, radius=4).high_quality == pytest.approx(0.9997, abs=0.0005)


def test_points_that_are_nowhere_reach_no_mode():
    found = mixture_coverage(np.full((5, 2), 9.0), np.zeros((1, 2)), 0.1)
    assert (found.modes, found.high_quality, found.divergence) == (0, 0.0, math.inf)


def test_a_centre_may_ask_for_more_than_one_point():
    centres = np.array([[0.0, 0.0], [10.0, 0.0]])
    points = np.concatenate([np.zeros((20, 2)), np.full((19, 2), [10.0, 0.0]), [[3.5, 0.0]]])
    assert mixture_coverage(points, centres, 1.0, radius=4.0, least=20).modes == 1
    assert mixture_coverage(points, centres, 1.0, radius=4.0, least=19).modes == 2
    assert mixture_coverage(points, centres, 1.0, radius=4.0, least=21).modes == 1  # 21 with the one 3.5 away
    assert mixture_coverage(points, centres, 1.0, radius=3.0, least=21).modes == 0
