"""Extractors, their identities, and images as streams."""

import numpy as np
import pytest
import torch
from metric_inputs import made_images
from torch import nn

from saddlepoint.errors import DataError, ShapeError
from saddlepoint.metrics.extractors.features import ModuleExtractor, Pixels, features, statistics, weights_hash
from saddlepoint.metrics.formulas.statistics import gaussian
from saddlepoint.metrics.images import batches


def test_a_stream_gives_the_same_features_as_an_array():
    images = made_images(20, 1, 8, 8, "stream")
    stream = (images[start : start + 6] for start in range(0, 20, 6))
    np.testing.assert_array_equal(features(Pixels(), stream, 4), features(Pixels(), images))


def test_a_stream_gives_the_same_statistics_as_an_array():
    images = made_images(90, 1, 8, 8, "stream")
    whole = gaussian(features(Pixels(), images))
    found = statistics(Pixels(), (images[start : start + 6] for start in range(0, 90, 6)), 4)
    np.testing.assert_allclose(found.covariance, whole.covariance, atol=1e-12)


def test_a_memory_map_is_read_in_parts(tmp_path):
    images = made_images(20, 1, 8, 8, "map")
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    np.testing.assert_array_equal(features(Pixels(), mapped, 4), features(Pixels(), images))


def test_pixels_lie_in_zero_to_one_and_large_images_are_averaged():
    images = np.zeros((1, 1, 4, 4), np.uint8)
    images[..., :2] = 255
    np.testing.assert_array_equal(features(Pixels(side=2), images), [[1, 0, 1, 0]])
    np.testing.assert_array_equal(features(Pixels(side=16), images)[0, :4], [1, 1, 0, 0])


@pytest.mark.parametrize(
    "images", [np.zeros((2, 1, 4, 4), np.float32), np.zeros((2, 4, 4), np.uint8), [torch.zeros(1)]]
)
def test_what_is_not_8_bit_images_is_refused(images):
    with pytest.raises(ShapeError, match="through to_uint8"):
        list(batches(images, 2))


def test_no_images_are_refused():
    with pytest.raises(DataError, match="no images"):
        features(Pixels(), [])


def test_a_module_is_normalised_repeated_and_averaged():
    identity = ModuleExtractor(nn.Identity(), mean=(0.0,), deviation=(1.0,))
    images = np.full((2, 1, 4, 4), 51, np.uint8)
    np.testing.assert_allclose(features(identity, images), np.full((2, 3), 0.2), rtol=1e-6)


def test_a_module_that_gives_no_features_is_refused():
    with pytest.raises(ShapeError, match="must give"):
        features(ModuleExtractor(nn.Flatten(0)), made_images(2, 3, 4, 4, "flat"))


def test_the_identity_changes_with_any_weight():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    before = weights_hash(network)
    assert ModuleExtractor(network).identity.weights == before
    with torch.no_grad():
        network[1].bias[0] += 1e-6
    assert weights_hash(network) != before
