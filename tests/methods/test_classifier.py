"""Classifier: its loss by hand, one class refused, any size of image, and maps of a net that looks at one place."""

import pytest
import torch
from drive import HandDraw
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.abilities import Predicts
from saddlepoint.methods.base import Clock, Update
from saddlepoint.methods.recognition.classifier import Classifier

TINY = {"width": 4, "depth": 1}
CLASSES = ("a", "b", "c")


def test_the_loss_is_the_cross_entropy() -> None:
    method, image, label = Classifier(width=4, depth=1), torch.randn(6, 1, 8, 8), torch.arange(6) % 3
    nets = method.networks(DataSpec.of((1, 8, 8), CLASSES))
    update = next(method.train_step(nets, HandDraw(image, label=label), Clock()))
    assert isinstance(update, Update)
    shares = method.predict(nets, image)["class"]
    assert torch.allclose(shares.sum(1), torch.ones(6))
    assert update.losses["label"].item() == pytest.approx(-shares[torch.arange(6), label].log().mean().item(), rel=1e-5)
    assert update.losses["label"].item() == pytest.approx(F.cross_entropy(nets.classifier(image), label).item())
    assert isinstance(method, Predicts)


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 28, 28), (1, 16, 40), (3, 9, 7)])
def test_images_of_any_size_are_taken(shape: tuple[int, ...]) -> None:
    nets = Classifier(width=4).networks(DataSpec.of(shape, CLASSES))
    assert nets.classifier(torch.randn(2, *shape)).shape == (2, 3)


def test_channels_double_to_eight_times() -> None:
    trunk = Classifier(width=4, depth=1).networks(DataSpec.of((1, 128, 128), CLASSES)).classifier[0]
    widths = [layer.out_channels for layer in trunk.layers if hasattr(layer, "out_channels")]
    assert widths == [4, 8, 16, 32, 32, 32]


def test_one_class_and_tiny_images_are_refused() -> None:
    with pytest.raises(ConfigError, match="two or more folders"):
        Classifier().networks(DataSpec.of((1, 8, 8), ("a",)))
    with pytest.raises(ConfigError, match="--resolution 8"):
        Classifier().networks(DataSpec.of((1, 2, 2), CLASSES))
