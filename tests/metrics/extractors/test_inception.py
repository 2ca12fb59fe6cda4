"""The inception-2015 extractor on random weights, and its resizes, against torch-fidelity 0.4.0 and their sources."""

import numpy as np
import pytest
import torch
from metric_inputs import made_images, made_weights, published_layout

from saddlepoint.errors import CapabilityError, DataError, ShapeError
from saddlepoint.metrics.extractors.inception import Inception
from saddlepoint.metrics.extractors.resize import resized
from saddlepoint.nn.backbones import inception

IMAGES = made_images(2, 3, 48, 40, "inception")
FIGURES = {  # layer: norm of each image's features, and their product with cos(0), cos(1), cos(2) ...
    64: ([2.383167037457293, 2.9751519306526832], [1.1439834690127666, 0.5399191036695121]),
    192: ([6.100352905491519, 7.2474638355032175], [1.7535019342734972, 2.675028549790459]),
    768: ([13.68813697683551, 14.463535682716039], [6.048577923265715, 6.126703815521175]),
    2048: ([26.02222905578349, 27.516233637354034], [3.288857186157041, 2.6740446120044408]),
}


@pytest.fixture(scope="module")
def weights():
    return made_weights(published_layout(inception.Inception()), 0)


@pytest.mark.parametrize("layer", FIGURES)
def test_features_agree_with_torch_fidelity(weights, layer):
    made = Inception(weights, layer=layer).batch(IMAGES).astype(np.float64)
    norms, products = FIGURES[layer]
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), norms, rtol=1e-5)
    np.testing.assert_allclose(made @ np.cos(np.arange(layer)), products, rtol=1e-4)


def test_probabilities_agree_with_torch_fidelity(weights):
    extractor = Inception(weights)
    chances = extractor.probabilities(extractor.batch(IMAGES))
    np.testing.assert_allclose(chances.sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(chances.max(1), [0.0154, 0.0179], atol=6e-5)
    assert chances.argmax(1).tolist() == [520, 520]


def test_bfloat16_moves_features_a_little_and_is_another_identity(weights):
    exact, fast = Inception(weights), Inception(weights, precision="bfloat16")
    a, b = exact.batch(IMAGES), fast.batch(IMAGES)
    assert 0 < np.linalg.norm(a - b) < 0.05 * np.linalg.norm(a)
    assert exact.identity != fast.identity
    assert exact.identity.weights == fast.identity.weights


def test_grey_images_are_repeated_and_others_refused(weights):
    extractor = Inception(weights, layer=64)
    grey = IMAGES[:, :1]
    np.testing.assert_array_equal(extractor.batch(grey), extractor.batch(grey.repeat(3, axis=1)))
    with pytest.raises(ShapeError, match="1 or 3 channels"):
        extractor.batch(IMAGES[:, :2])
    with pytest.raises(CapabilityError, match="2048"):
        extractor.probabilities(extractor.batch(grey))


def test_weights_of_something_else_are_refused(weights):
    with pytest.raises(DataError, match="not the weights of inception-2015"):
        Inception({"fc.weight": torch.zeros(1)})
    with pytest.raises(DataError, match="not the weights of inception-2015"):
        Inception(weights | {"fc.bias": torch.zeros(7)})


def test_each_resize_is_an_identity_of_its_own(weights):
    identities = {Inception(weights, resize=name).identity for name in ("tensorflow", "pytorch-fid", "clean")}
    assert len(identities) == 3


def test_the_tensorflow_resize_is_worked_by_hand():
    """Output i is read at i * 2 / 4, without smoothing: 0, half way, 10, and 10 again beyond the last pixel."""
    image = np.array([[[[0, 10], [0, 10]]]], np.uint8)
    np.testing.assert_array_equal(resized(image, "tensorflow", 4)[0, 0, 0] * 128 + 128, [0, 5, 10, 10])


def test_resizes_agree_with_their_sources():
    """Figures of torch-fidelity 0.4.0, clean-fid 0.1.35 and torch's own interpolation, as in pytorch-fid."""
    image = made_images(1, 3, 20, 26, "resize")
    there = resized(image, "tensorflow", 33)[0] * 128 + 128
    assert there.double().mean().item() == pytest.approx(105.61654224226443, rel=1e-6)
    np.testing.assert_allclose(there[:, 7, 20], [228.04959106445312, 190.90725708007812, 122.57575988769531], rtol=1e-5)
    np.testing.assert_allclose(there[:, 32, 32], [37.0, 141.0, 73.0], rtol=1e-6)
    clean = resized(image, "clean", 9)[0] * 128 + 128
    assert clean.double().mean().item() == pytest.approx(105.434289704625, rel=1e-6)
    np.testing.assert_allclose(clean[:, 4, 5], [138.46697998046875, 228.09246826171875, 119.10765075683594], rtol=1e-5)
    ours = resized(image, "pytorch-fid", 33)[0]
    assert ours.double().mean().item() == pytest.approx(-0.1713317697625442, rel=1e-5)
    np.testing.assert_allclose(
        ours[:, 7, 20], [0.799557089805603, 0.45419442653656006, -0.044563233852386475], rtol=1e-4
    )
