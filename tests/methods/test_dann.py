"""DANN: the turned gradient, whose batches come from which domain, and numbers of classes without the untold."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drive import HandDraw
from torch.nn import functional as F

import saddlepoint
from games import pictures
from saddlepoint.data.batches import UNLABELLED, AdaptBatch, DataSpec
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.loader import Loader
from saddlepoint.data.world.domains import UNTOLD, WORLD, truth
from saddlepoint.errors import ConfigError
from saddlepoint.losses.domain import domain_loss, reversal_strength, reversed_gradient
from saddlepoint.methods.base import Clock
from saddlepoint.methods.recognition.dann import DANN

TINY = {"widths": (2, 2), "hidden": 3, "dropout": 0.0}


def test_the_gradient_is_turned_around_and_the_features_are_not() -> None:
    features = torch.tensor([1.0, 2.0], requires_grad=True)
    passed = reversed_gradient(features, 0.25)
    assert torch.equal(passed, features)
    (passed * torch.tensor([3.0, -1.0])).sum().backward()
    assert features.grad.tolist() == [-0.75, 0.25]  # type: ignore[union-attr]
    assert reversal_strength(0) == 0
    assert reversal_strength(1) == pytest.approx(1, abs=1e-3)
    assert domain_loss(torch.zeros(3), torch.zeros(2)).item() == pytest.approx(2 * math.log(2))


def test_labelled_images_come_from_one_domain_and_unlabelled_from_the_other() -> None:
    data = Dataset({"image": pictures().images, "label": np.arange(64) % 3}, "made", "made", ("a", UNLABELLED, "c"))
    batch: Any = Loader(data, AdaptBatch, np.arange(64)).read(0, 8)
    assert isinstance(batch, AdaptBatch)
    assert set(batch.label.tolist()) == {0, 2}
    images = torch.from_numpy(data.images[1::3]).float() / 127.5 - 1
    assert all(any(torch.allclose(one, each, atol=1e-2) for each in images) for one in batch.unlabelled)
    with pytest.raises(ConfigError, match="one more, unlabelled"):
        Loader(pictures(), AdaptBatch, np.arange(64))


def test_classes_are_numbered_without_the_untold() -> None:
    torch.manual_seed(0)
    method = DANN(widths=(2, 2), hidden=3, dropout=0.0)
    nets = method.networks(DataSpec.of((1, 8, 8), ("a", UNLABELLED, "c")))
    image = torch.rand(4, 1, 8, 8)
    draw = HandDraw(AdaptBatch(image, torch.tensor([0, 2, 2, 0]), image))
    update: Any = next(method.train_step(nets, draw, Clock()))  # type: ignore[arg-type]
    wanted = F.cross_entropy(nets.labels(nets.features(image)), torch.tensor([0, 1, 1, 0]))
    assert update.losses["label"].item() == pytest.approx(wanted.item(), rel=1e-5)
    names = method.predictions(nets, DataSpec.of((1, 8, 8), ("a", UNLABELLED, "c")))["class"].names  # type: ignore[attr-defined]
    assert names == ("a", "c")


def test_the_world_of_domains_tells_no_class_of_the_second() -> None:
    rows = np.arange(12)
    labels = WORLD.labels(rows)  # type: ignore[misc]
    assert (labels[1::2] == UNTOLD).all()
    assert (labels[::2] == truth(rows[::2])).all()


def test_evaluate_looks_at_images_whose_class_is_known(tmp_path: Path) -> None:
    run = saddlepoint.train(
        "dann", data="world:domains", resolution=8, examples=8, batch=4, widths=(2, 2), hidden=3, out=tmp_path / "run"
    )
    (score,) = saddlepoint.evaluate(run.folder)["scores"]
    assert score["protocol"]["metric"] == "accuracy"
    assert score["protocol"]["real"] == 250  # of 500 held out
