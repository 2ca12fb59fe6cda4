"""The Fréchet distance against hand-worked values, reference figures and scipy's matrix square root."""

import numpy as np
import pytest
import scipy.linalg
from metric_inputs import made_features

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas.frechet import frechet_distance, frechet_error
from saddlepoint.metrics.formulas.statistics import Gaussian, gaussian


def test_one_dimension_is_worked_by_hand():
    a = Gaussian(np.array([1.0]), np.array([[4.0]]))
    b = Gaussian(np.array([4.0]), np.array([[9.0]]))
    assert frechet_distance(a, b) == pytest.approx((1 - 4) ** 2 + (2 - 3) ** 2)


def test_equal_statistics_are_at_no_distance():
    a = gaussian(made_features(300, 16, "a"))
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-10)


def test_full_rank_agrees_with_pytorch_fid():
    a, b = gaussian(made_features(300, 16, "a")), gaussian(made_features(280, 16, "b", 0.2, 1.1))
    assert frechet_distance(a, b) == pytest.approx(1.6046053908643358, rel=1e-9)
    assert frechet_distance(b, a) == pytest.approx(1.6046053908643358, rel=1e-9)


def test_fewer_rows_than_features_agree_with_pytorch_fid():
    a, b = gaussian(made_features(40, 64, "a")), gaussian(made_features(50, 64, "b", 0.2, 1.1))
    assert a.root is not None
    assert frechet_distance(a, b) == pytest.approx(62.34934328017148, rel=1e-7)  # theirs takes roots of rounding


def test_the_three_ways_to_the_trace_agree():
    a, b = gaussian(made_features(40, 64, "a")), gaussian(made_features(90, 64, "b", 0.2, 1.1))
    bare = Gaussian(a.mean, a.covariance)
    product = scipy.linalg.sqrtm(b.covariance @ a.covariance).real
    gap = a.mean - b.mean
    expected = gap @ gap + np.trace(a.covariance + b.covariance - 2 * product)
    for left, right in ((a, b), (b, a), (bare, b), (b, bare)):
        assert frechet_distance(left, right) == pytest.approx(expected, rel=1e-6)


def test_a_feature_that_never_moves_is_no_obstacle():
    rows = made_features(300, 16, "a")
    rows[:, 3] = 0
    assert frechet_distance(gaussian(rows), gaussian(rows)) == pytest.approx(0, abs=1e-6)


def test_the_square_root_by_singular_values_alone_would_be_wrong():
    """The product of two covariances is not symmetric: U √S Vᵀ of it is not its square root."""
    a, b = gaussian(made_features(300, 16, "a")), gaussian(made_features(280, 16, "b", 0.2) * np.arange(1, 17))
    u, s, v = np.linalg.svd(a.covariance @ b.covariance)
    wrong = np.trace(u @ np.diag(np.sqrt(s)) @ v)
    right = np.trace(scipy.linalg.sqrtm(a.covariance @ b.covariance).real)
    assert abs(wrong - right) > 1e-3 * right


def test_few_images_bias_the_distance_high():
    true = gaussian(made_features(20000, 16, "truth"))
    few, many = (frechet_distance(true, gaussian(made_features(n, 16, "sample"))) for n in (50, 5000))
    assert few > 10 * many


def test_unlike_widths_are_refused():
    with pytest.raises(ShapeError, match="use one extractor"):
        frechet_distance(gaussian(made_features(30, 4, "a")), gaussian(made_features(30, 5, "a")))


@pytest.mark.parametrize(("shift", "scale"), [(0.5, 1.0), (0.0, 1.3), (0.1, 1.0)])
def test_the_error_of_a_distance_is_that_of_repetitions(shift, scale):
    values, errors = [], []
    for seed in range(60):
        draw = np.random.default_rng(seed)
        x, y = draw.standard_normal((400, 6)), draw.standard_normal((400, 6)) * scale + shift
        a, b = gaussian(x), gaussian(y)
        values.append(frechet_distance(a, b))
        errors.append(np.hypot(frechet_error(a, b, x), frechet_error(b, a, y)))
    assert 0.7 < np.mean(errors) / np.std(values) < 1.5


def test_the_error_of_few_rows_in_many_features_is_finite():
    x, y = np.random.default_rng(0).standard_normal((2, 20, 64))
    assert 0 < frechet_error(gaussian(x), gaussian(y), x) < frechet_distance(gaussian(x), gaussian(y))
