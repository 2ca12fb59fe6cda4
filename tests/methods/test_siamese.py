"""Siamese network: one network for both images, embeddings as they are or of length 1, and pairs of one batch alone."""

import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.losses.embedding import contrastive
from saddlepoint.methods.abilities import Embeds
from saddlepoint.methods.base import Clock, Update
from saddlepoint.methods.recognition.siamese import Siamese

TINY = {"width": 4, "depth": 1, "embedding": 3}


def test_the_loss_is_of_all_pairs_of_the_batch() -> None:
    method, image, label = Siamese(width=4, depth=1, embedding=3), torch.randn(8, 1, 8, 8), torch.arange(8) % 3
    assert isinstance(method, Embeds)
    nets = method.networks(DataSpec.of((1, 8, 8), ("a", "b", "c")))
    update = next(method.train_step(nets, HandDraw(image, label=label), Clock()))
    assert isinstance(update, Update)
    wanted = contrastive(method.embed(nets, image), label, 1.0)
    assert {name: value.item() for name, value in update.losses.items()} == pytest.approx(
        {name: value.item() for name, value in wanted.items()}
    )


def test_triplets_are_of_embeddings_of_length_one() -> None:
    method = Siamese(width=4, depth=1, embedding=3, loss="triplet", margin=0.2)
    nets = method.networks(DataSpec.of((1, 8, 8), ("a", "b", "c")))
    image = torch.randn(8, 1, 8, 8)
    assert torch.allclose(method.embed(nets, image).norm(dim=1), torch.ones(8))
    update = next(method.train_step(nets, HandDraw(image, label=torch.arange(8) % 3), Clock()))
    assert isinstance(update, Update)
    assert update.losses.keys() == {"triplet"}


def test_one_class_has_no_pairs_of_two() -> None:
    with pytest.raises(ConfigError, match="a folder for each"):
        Siamese().networks(DataSpec.of((1, 8, 8), ("a",)))
