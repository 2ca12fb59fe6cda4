"""The Inception Score by hand, against torch-fidelity 0.4.0, and in what it does not see."""

import numpy as np
import pytest
from metric_inputs import made_features
from scipy.special import softmax

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas.inception_score import inception_score

LOGITS = made_features(300, 16, "a", 0, 2.0).astype(np.float64)


@pytest.mark.parametrize(
    ("shuffle", "value", "spread"),
    [(2020, 3.0130860515519933, 0.12778282582430167), (None, 3.018187739560497, 0.2054969298916351)],
)
def test_it_agrees_with_torch_fidelity(shuffle, value, spread):
    found = inception_score(softmax(LOGITS, 1), shuffle=shuffle)
    assert found.value == pytest.approx(value, rel=1e-7)
    assert found.spread == pytest.approx(spread, rel=1e-6)


def test_one_sure_image_of_each_class_scores_the_number_of_classes():
    assert inception_score(np.eye(7), splits=1).value == pytest.approx(7)


def test_a_generator_of_one_class_scores_one_however_good():
    sure = np.tile(np.eye(7)[3], (70, 1))
    assert inception_score(sure, splits=2).value == pytest.approx(1)


def test_collapse_within_the_classes_is_not_seen():
    one_image_a_class = np.repeat(np.eye(7), 10, axis=0)
    assert inception_score(one_image_a_class, splits=1).value == pytest.approx(7)


def test_fewer_images_than_splits_are_refused():
    with pytest.raises(ShapeError, match="10 splits"):
        inception_score(np.eye(7))
