"""FID-infinity: the bias of small sets is taken off."""

import numpy as np
import pytest
from metric_inputs import made_features

from saddlepoint.errors import ConfigError
from saddlepoint.metrics.formulas.extrapolation import frechet_infinity
from saddlepoint.metrics.formulas.frechet import frechet_distance, frechet_error
from saddlepoint.metrics.formulas.statistics import Gaussian, gaussian


def test_it_comes_nearer_to_the_truth_than_the_whole_set():
    d = 32
    truth = Gaussian(np.zeros(d), np.eye(d))
    errors = []
    for seed in range(5):
        fake = np.random.default_rng(seed).standard_normal((2000, d)) + 0.1
        found = frechet_infinity(truth, fake, smallest=300, seed=seed)
        errors.append((abs(found.value - 0.01 * d), frechet_distance(truth, gaussian(fake)) - 0.01 * d))
        assert found.spread < 0.1
    extrapolated, plain = np.mean(errors, axis=0)
    assert plain > 0
    assert extrapolated < 0.7 * plain


def test_too_few_rows_are_refused():
    real = gaussian(made_features(50, 8, "a"))
    with pytest.raises(ConfigError, match="there are 8"):
        frechet_infinity(real, made_features(8, 8, "b"))


@pytest.mark.parametrize(("shift", "scale"), [(0.5, 1.0), (0.0, 1.3)])
def test_the_stated_error_is_that_of_repetitions(shift, scale):
    """It was less than half of it: the rows that all subsets share were forgotten."""
    d, m, values, errors = 6, 600, [], []
    for seed in range(40):
        draw = np.random.default_rng(seed)
        real, fake = draw.standard_normal((m, d)), draw.standard_normal((m, d)) * scale + shift
        known = gaussian(real)
        found = frechet_infinity(known, fake, sizes=8, seed=seed, real_error=frechet_error(known, gaussian(fake), real))
        values.append(found.value)
        errors.append(found.error)
    assert 0.7 < np.mean(errors) / np.std(values) < 1.4
