"""Nearest training neighbours."""

import numpy as np
import pytest
from metric_inputs import made_features, made_images

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas import memorisation
from saddlepoint.metrics.formulas.memorisation import copying, nearest, side_by_side


def test_the_nearest_is_found_across_blocks(monkeypatch):
    monkeypatch.setattr(memorisation, "_ROWS", 7)
    train, fake = made_features(50, 4, "train"), made_features(10, 4, "fake")
    apart = np.linalg.norm(fake[:, None].astype(np.float64) - train[None], axis=2)
    found = nearest(train, fake)
    np.testing.assert_array_equal(found.index, apart.argmin(1))
    np.testing.assert_allclose(found.distance, apart.min(1), rtol=1e-9)


def test_a_copy_is_at_no_distance():
    train = made_features(50, 4, "train")
    found = nearest(train, train[[7, 3]])
    assert found.index.tolist() == [7, 3]
    assert found.distance.tolist() == [0, 0]


def test_copies_are_told_from_fresh_samples():
    train, held_out = (
        made_features(400, 4, "train"),
        nearest(made_features(400, 4, "train"), made_features(400, 4, "h")),
    )
    fresh = copying(held_out, nearest(train, made_features(400, 4, "fresh")))
    copied = copying(held_out, nearest(train, train + 1e-3))
    assert fresh.ratio == pytest.approx(1, abs=0.15)
    assert fresh.share < 0.05
    assert copied.ratio < 0.05
    assert copied.share > 0.9


def test_the_pictures_stand_side_by_side_nearest_first():
    train, fake = made_images(9, 3, 4, 5, "train"), made_images(3, 3, 4, 5, "fake")
    fake[1] = train[6]
    flat = [images.reshape(len(images), -1).astype(np.float32) for images in (train, fake)]
    found = side_by_side(fake, train, nearest(*flat), nearest(*flat), count=2)
    assert found.shape == (2, 3, 4, 15)
    np.testing.assert_array_equal(found[0, :, :, :5], train[6])
    np.testing.assert_array_equal(found[0, :, :, 5:10], train[6])
    np.testing.assert_array_equal(found[0, :, :, 10:], train[6])


def test_unlike_features_are_refused():
    with pytest.raises(ShapeError):
        nearest(made_features(5, 4, "a"), made_features(5, 3, "a"))
