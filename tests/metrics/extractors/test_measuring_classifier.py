"""The classifier extractor on the digits that ship with scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError, DataError, ShapeError
from saddlepoint.metrics.extractors import classifier as classifying
from saddlepoint.metrics.extractors.classifier import train_classifier
from saddlepoint.metrics.extractors.features import Pixels, features
from saddlepoint.metrics.extractors.selection import extractor_for
from saddlepoint.metrics.scores.task import train_on_synthetic, train_with_synthetic


@pytest.fixture(scope="module")
def digits():
    loaded = load_digits()
    return np.rint(loaded.images * 255 / 16).astype(np.uint8)[:, None], loaded.target


@pytest.fixture(scope="module")
def trained(digits):
    return train_classifier(*digits, seed=0)


def test_it_names_held_out_digits(trained):
    assert trained.accuracy > 0.97
    assert trained.held_out == 359


def test_a_classifier_at_chance_measures_nothing(digits, trained, monkeypatch):
    trained.check()
    monkeypatch.setattr(classifying, "_SEEN", 640)
    unlearnable = np.random.default_rng(0).integers(0, 2, len(digits[1]))
    dataset = Dataset({"image": digits[0], "label": unlearnable}, "print", "made", ("a", "b"))
    with pytest.raises(ConfigError, match=r"measure nothing\. Use --extractor inception-2015 or pixels"):
        extractor_for(dataset)
    assert isinstance(extractor_for(dataset, "pixels"), Pixels)


def test_probabilities_come_from_features(digits, trained):
    images, labels = digits
    made = features(trained, images[:100])
    chances = trained.probabilities(made)
    assert made.shape == (100, 64)
    assert made.dtype == np.float32
    np.testing.assert_allclose(chances.sum(1), 1, rtol=1e-5)
    assert (trained.labels(made) == labels[:100]).mean() > 0.97


def test_features_do_not_depend_on_the_batch(digits, trained):
    images = digits[0][:50]
    np.testing.assert_allclose(features(trained, images, 50), features(trained, images, 7), atol=1e-5)


def test_the_same_seed_gives_the_same_weights(digits, monkeypatch):
    monkeypatch.setattr(classifying, "_SEEN", 640)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, second, other = (train_classifier(*digits, seed=seed).identity for seed in (3, 3, 4))
    assert first == second != other
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("channels", "side"), [(1, 8), (3, 28), (3, 64)])
def test_any_channels_and_sides_are_taken(monkeypatch, channels, side):
    monkeypatch.setattr(classifying, "_SEEN", 128)
    images = np.random.default_rng(0).integers(0, 256, (160, channels, side, side)).astype(np.uint8)
    found = train_classifier(images, np.arange(160) % 3)
    assert features(found, images).shape == (160, 64)


def test_sets_it_cannot_learn_are_refused(digits):
    images, labels = digits
    with pytest.raises(ShapeError, match="N labels"):
        train_classifier(images, labels[:5])
    with pytest.raises(ShapeError, match="uint8"):
        train_classifier(images.astype(np.float32), labels)
    with pytest.raises(DataError, match="two or more classes"):
        train_classifier(images, np.zeros_like(labels))
    with pytest.raises(DataError, match="pixels"):
        train_classifier(images[:20], labels[:20])


def test_training_on_real_images_beats_training_on_wrong_labels(digits, monkeypatch):
    monkeypatch.setattr(classifying, "_SEEN", 6400)
    images, labels = digits
    train, test = (images[:1200], labels[:1200]), (images[1200:], labels[1200:])
    found = train_on_synthetic((images[:1200], np.roll(labels[:1200], 1)), train, test)
    assert found.real > 0.85
    assert found.synthetic < 0.3
    assert found.trained_on == (1200, 1200)
    with pytest.raises(DataError, match=r"no real training image has: \[9\]"):
        train_on_synthetic(train, (images[labels < 9], labels[labels < 9]), test)


def test_added_images_help_where_real_ones_are_few_and_copies_of_these_do_not(digits, monkeypatch):
    monkeypatch.setattr(classifying, "_SEEN", 6400)
    images, labels = digits
    few, others, test = ((images[a:b], labels[a:b]) for a, b in ((0, 130), (130, 1200), (1200, len(images))))
    helped, copied = (train_with_synthetic(added, few, test) for added in (others, few))
    assert helped.synthetic > helped.real + 0.05
    assert abs(copied.synthetic - copied.real) < 0.05
    assert helped.trained_on == (1200, 130)
