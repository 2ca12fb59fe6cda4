"""Precision, recall, density and coverage by hand and against torch-fidelity 0.4.0."""

import numpy as np
import pytest
from metric_inputs import made_features

from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.metrics.formulas import manifold
from saddlepoint.metrics.formulas.manifold import density_coverage, precision_recall

REAL = np.array([[0.0], [1.0], [2.0], [10.0]])
FAKE = np.array([[1.5], [2.5], [30.0], [31.0]])


def test_precision_and_recall_are_worked_by_hand():
    """k = 1: real radii 1, 1, 1, 8; fake radii 1, 1, 1, 1."""
    found = precision_recall(REAL, FAKE, k=1)
    assert found.precision == 2 / 4  # 1.5 and 2.5
    assert found.recall == 2 / 4  # 1 and 2, from 1.5
    assert found.harmonic == pytest.approx(0.5)


def test_density_and_coverage_are_worked_by_hand():
    """Open balls: 1.5 lies in those of 1 and 2, 2.5 in those of 2 and 10 (radius 8)."""
    found = density_coverage(REAL, FAKE, k=1)
    assert found.density == (2 + 2) / 4
    assert found.coverage == 3 / 4


def test_they_agree_with_torch_fidelity():
    found = precision_recall(made_features(300, 16, "a"), made_features(280, 16, "b", 0.2, 1.1))
    assert found.precision == pytest.approx(0.7107142806053162, abs=1e-7)
    assert found.recall == pytest.approx(0.9133333563804626, abs=1e-7)
    assert found.harmonic == pytest.approx(0.7993842601040199, abs=1e-6)


def test_blocks_change_nothing(monkeypatch):
    real, fake = made_features(50, 6, "a"), made_features(40, 6, "b", 0.5)
    whole = precision_recall(real, fake), density_coverage(real, fake)
    monkeypatch.setattr(manifold, "_ROWS", 7)
    assert (precision_recall(real, fake), density_coverage(real, fake)) == whole


def test_a_set_covers_itself():
    rows = made_features(50, 6, "a")
    found = precision_recall(rows, rows)
    assert (found.precision, found.recall) == (1, 1)


def test_a_collapsed_set_is_precise_and_recalls_nothing():
    real = made_features(200, 4, "a")
    found = precision_recall(real, real[:1] + 1e-6 * made_features(200, 4, "b"))
    assert found.precision == 1
    assert found.recall < 0.05


def test_sets_without_neighbours_are_refused():
    with pytest.raises(ConfigError, match="neighbour 5"):
        density_coverage(REAL, FAKE, k=5)
    with pytest.raises(ShapeError):
        precision_recall(REAL, np.zeros((5, 2)))
