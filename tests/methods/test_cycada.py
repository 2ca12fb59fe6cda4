"""CyCADA: whose move comes when, what a translation must go on showing, and whom it teaches."""

from pathlib import Path
from typing import Any

import pytest
import torch
from drive import HandDraw
from torch.nn import functional as F

import saddlepoint
from saddlepoint.data.batches import UNLABELLED, AdaptBatch, DataSpec
from saddlepoint.methods.base import Clock
from saddlepoint.methods.translation.cycada import CyCADA

TINY = {
    "blocks": 1, "generator_width": 2, "critic_width": 2, "halvings": 1, "widths": (2, 2), "hidden": 3, "alone": 0.0,
    "shape": (3, 8, 8),
}  # fmt: skip


def game(**settings: Any) -> tuple[Any, AdaptBatch, list[Any]]:
    torch.manual_seed(0)
    method = CyCADA(**({key: value for key, value in TINY.items() if key != "shape"} | settings))
    nets = method.networks(DataSpec.of((1, 8, 8), (UNLABELLED, "a", "b")))
    images = torch.rand(2, 4, 1, 8, 8) * 2 - 1
    batch = AdaptBatch(images[0], torch.tensor([1, 2, 2, 1]), images[1])
    return nets, batch, list(method.train_step(nets, HandDraw(batch), Clock(total=100)))  # type: ignore[arg-type]


def test_the_teacher_begins_alone_and_goes_on() -> None:
    assert [update.group for update in game()[2]] == ["teacher", "generators", "critics", "classifier"]
    assert [update.group for update in game(alone=0.5)[2]] == ["teacher"]


def test_a_translation_shows_what_the_teacher_sees_and_teaches_the_label() -> None:
    nets, batch, (teacher, generators, _, classifier) = game(meaning=2)
    label = torch.tensor([0, 1, 1, 0])
    wanted = F.cross_entropy(nets.teacher(batch.labelled), label).item()
    assert teacher.losses["label"].item() == pytest.approx(wanted, rel=1e-4)
    fake = nets.a2b(batch.labelled)
    says = nets.teacher(batch.labelled).argmax(1)
    meaning = 2 * F.cross_entropy(nets.teacher(fake), says).item()
    assert generators.losses["meaning_b"].item() == pytest.approx(meaning, rel=1e-3)
    by_label = game(meaning=2, meaning_by="label")[2][1].losses["meaning_b"].item()
    assert by_label == pytest.approx(2 * F.cross_entropy(nets.teacher(fake), label).item(), rel=1e-3)
    taught = F.cross_entropy(nets.classifier(fake), label).item()
    assert classifier.losses["label"].item() == pytest.approx(taught, rel=1e-3)
    assert not any(name.startswith("meaning") for name in game(meaning=0)[2][1].losses)


def test_it_can_be_trained_from_data_and_says_of_images_what_they_show(tmp_path: Path) -> None:
    small = {key: value for key, value in TINY.items() if key != "shape"}
    run = saddlepoint.train("cycada", "world:domains", out=tmp_path, resolution=8, examples=8, batch=4, **small)
    assert list(run.folder.glob("samples/*.png"))
    images = torch.rand(2, 3, 8, 8) * 2 - 1
    model = run.model()
    assert torch.equal(model.translate(images, "labelled"), model.nets.a2b(images))
    assert not torch.equal(model.translate(images, "unlabelled"), model.translate(images, "labelled"))
