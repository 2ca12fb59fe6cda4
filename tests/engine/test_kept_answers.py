"""Answers that are held: a classifier that sees one class still knows the others, a generator keeps its images."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import saddlepoint
from games import StopAt, pictures, trainer, weights
from saddlepoint.data.dataset import Dataset
from saddlepoint.engine.answers import Answers
from saddlepoint.engine.trainer import Trainer
from saddlepoint.errors import CheckpointError, ConfigError
from saddlepoint.losses.distillation import distillation
from saddlepoint.methods.gan.acgan import ACGAN
from saddlepoint.methods.recognition.vit import ViT

TINY: Any = {"patch": 4, "layers": 1, "heads": 2, "width": 8, "lr": 1e-2}


def one_class() -> Dataset:
    """Images of three classes of which only the first occurs."""
    data = pictures()
    return Dataset({"image": data.images, "label": np.zeros(64, np.int64)}, "pictures", "pictures", ("a", "b", "c"))


def going_on(weight: float, steps: int = 20, **more: Any) -> Trainer:
    """A run from the same start with images of one class."""
    held: Any = {"anchor": weight, "anchor_to": "answers", "log_every": 1000}
    run = trainer(ViT(**TINY), one_class(), examples=8 * steps, **held, **more)
    if run.anchor is not None:
        run.anchor.anew(run.groups, (), {})
    return run


def drift(weight: float) -> float:
    """How far probabilities come from where they were, at most."""
    run, images = going_on(weight), torch.rand(64, 1, 8, 8) * 2 - 1
    before = classes(run, images)
    run.fit()
    return float((classes(run, images) - before).abs().max())


@torch.no_grad()
def classes(run: Trainer, images: Tensor) -> Tensor:
    """Probabilities [n, 3]."""
    assert isinstance(run.method, ViT)
    return run.method.predict(run.nets, images)["class"]


def test_distillation_is_a_divergence_of_softened_logits_times_the_square_of_the_temperature() -> None:
    own, aim = torch.tensor([[1.0, 0.0, -2.0]]), torch.tensor([[0.5, 2.0, 1.0]])
    soft = [(each / 2).softmax(1) for each in (own, aim)]
    expected = 4 * (soft[1] * (soft[1] / soft[0]).log()).sum()
    assert distillation(own.softmax(1), aim.softmax(1), 2.0).item() == pytest.approx(expected.item(), rel=1e-5)
    assert distillation(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), 2.0).isfinite()


def test_a_classifier_that_sees_one_class_alone_still_knows_the_others() -> None:
    assert drift(20.0) < 0.3 * drift(0.0)


def test_a_restart_changes_no_bit_and_misses_no_answers() -> None:
    whole, first, second = going_on(1.0, 6), going_on(1.0, 6, hooks=[StopAt(3)]), going_on(1.0, 6)
    whole.fit()
    first.fit()
    tensors, facts = first.state()
    second.restore({name: value.clone() for name, value in tensors.items()}, facts)
    second.fit()
    one, other = weights(whole), weights(second)
    assert any(name.startswith("anchor/start/") for name in one)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    with pytest.raises(CheckpointError, match="no answers to keep"):
        second.restore({n: v for n, v in tensors.items() if not n.startswith("anchor/")}, facts)


def test_both_players_are_held_where_both_answer() -> None:
    run = trainer(
        ACGAN(generator_width=2, critic_width=2, latent=4), pictures(shape=(1, 16, 16)), anchor=1.0, anchor_to="answers"
    )
    assert isinstance(run.anchor, Answers)
    run.anchor.anew(run.groups, (), {})
    run.fit()
    assert run.anchor._free == set()  # images by the generator, classes by the critic
    assert run.nets.generator.training


def test_a_generator_keeps_its_images_and_one_without_a_start_is_refused(tmp_path: Path) -> None:
    small: Any = {"batch": 16, "width": 4, "grid_size": 0, "seed": 1}
    first = saddlepoint.train("vae", data="digits", out=tmp_path / "first", examples=320, **small)
    before, other = first.model(), np.random.default_rng(0).integers(0, 256, (64, 8, 8, 1), dtype=np.uint8)

    def moved(name: str, **settings: Any) -> float:
        run = saddlepoint.train(
            "vae", data=other, out=tmp_path / name, examples=160, **{"start": first.folder, **small, **settings}
        )
        return float((run.model().sample(16, seed=3) - before.sample(16, seed=3)).abs().mean())

    assert moved("held", anchor=1e4, anchor_to="answers") < 0.5 * moved("free")
    with pytest.raises(ConfigError, match="start from one with --from"):
        saddlepoint.train("vae", data="digits", out=tmp_path / "none", anchor=1.0, anchor_to="answers", **small)
    with pytest.raises(ConfigError, match="a whole model, not decoder alone"):
        moved("part", anchor=1.0, anchor_to="answers", start=f"{first.folder}:decoder")
