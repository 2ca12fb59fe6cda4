"""MMD and KID by hand and against torch-fidelity 0.4.0."""

import numpy as np
import pytest
from metric_inputs import made_features

from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.metrics.formulas import kernel
from saddlepoint.metrics.formulas.kernel import Energy, Polynomial, RationalQuadratic, Rbf, kid, median_bandwidth, mmd

KERNELS = [Polynomial(), Rbf((1.0, 4.0)), RationalQuadratic(), Energy()]


def test_three_rows_each_are_worked_by_hand():
    real, fake = np.array([[0.0], [1.0], [2.0]]), np.array([[1.0], [1.0], [3.0]])
    linear = Polynomial(degree=1, offset=0.0)
    within_real = 2 * (0 * 1 + 0 * 2 + 1 * 2) / 6
    within_fake = 2 * (1 * 1 + 1 * 3 + 1 * 3) / 6
    across = 2 * (0 + 1 + 2) * (1 + 1 + 3) / 9
    assert mmd(real, fake, linear).value == pytest.approx(within_real + within_fake - across)


def test_subsets_agree_with_torch_fidelity():
    real, fake = made_features(300, 16, "a"), made_features(280, 16, "b", 0.2, 1.1)
    found = kid(real, fake, subsets="torch-fidelity", count=20, size=100)
    assert found.value == pytest.approx(0.19581011533737183, rel=1e-5)
    assert found.spread == pytest.approx(0.0827398445018944, rel=1e-5)


def test_the_whole_set_gives_the_mean_of_the_subsets():
    real, fake = made_features(300, 16, "a"), made_features(280, 16, "b", 0.2, 1.1)
    whole = kid(real, fake)
    many = kid(real, fake, subsets="torch-fidelity", count=400, size=100)
    assert whole.value == pytest.approx(many.value, abs=4 * many.spread / 20)


@pytest.mark.parametrize("chosen", KERNELS)
def test_blocks_change_nothing(chosen, monkeypatch):
    real, fake = made_features(50, 6, "a"), made_features(40, 6, "b", 0.5)
    whole = mmd(real, fake, chosen)
    monkeypatch.setattr(kernel, "_ROWS", 7)
    parts = mmd(real, fake, chosen)
    assert parts.value == pytest.approx(whole.value, rel=1e-9)
    assert parts.spread == pytest.approx(whole.spread, rel=1e-9)


@pytest.mark.parametrize("chosen", KERNELS)
def test_shifted_sets_are_farther_than_like_ones(chosen):
    real, like = made_features(200, 6, "a"), made_features(200, 6, "b")
    near, far = mmd(real, like, chosen), mmd(real, like + 1, chosen)
    assert abs(near.value) < 4 * near.spread
    assert far.value > 4 * far.spread


def test_the_spread_is_that_of_fresh_samples():
    values, spreads = [], []
    for turn in range(60):
        found = kid(made_features(80, 4, f"a{turn}"), made_features(80, 4, f"b{turn}", 0.4))
        values.append(found.value)
        spreads.append(found.spread)
    assert np.mean(spreads) == pytest.approx(np.std(values), rel=0.3)


def test_energy_is_half_the_energy_distance():
    real, fake = made_features(30, 3, "a"), made_features(20, 3, "b", 0.5)
    apart = lambda x, y: np.linalg.norm(x[:, None].astype(float) - y[None], axis=2)  # noqa: E731
    n, m = len(real), len(fake)
    distance = (
        2 * apart(real, fake).mean() - apart(real, real).sum() / (n * (n - 1)) - apart(fake, fake).sum() / (m * (m - 1))
    )
    assert mmd(real, fake, Energy()).value == pytest.approx(distance / 2, rel=1e-6)


def test_the_median_bandwidth_is_the_middle_distance():
    assert median_bandwidth(np.array([[0.0], [1.0], [3.0]])) == pytest.approx(2.0)


def test_sets_that_are_too_small_or_unlike_are_refused():
    with pytest.raises(ShapeError, match="3 rows or more"):
        mmd(np.zeros((2, 3)), np.zeros((5, 3)), Polynomial())
    with pytest.raises(ShapeError):
        kid(np.zeros((5, 3)), np.zeros((5, 4)))
    with pytest.raises(ConfigError, match="make `size` smaller"):
        kid(np.zeros((5, 3)), np.zeros((5, 3)), subsets="torch-fidelity")
