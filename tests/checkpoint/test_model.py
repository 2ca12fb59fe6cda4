"""What a loaded model does by what its method can: chosen classes, reconstruction, likelihood, refusals."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from saddlepoint import methods
from saddlepoint.checkpoint.find import find_checkpoint
from saddlepoint.checkpoint.model import Model
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import CapabilityError, CheckpointError
from saddlepoint.methods.base import Clock

TINY: dict[str, dict[str, Any]] = {
    "cgan": {"latent": 4, "generator_width": 4, "critic_width": 4},
    "vae": {"latent": 4, "width": 4},
    "sgan": {"critic_widths": (8,), "generator_width": 8},
    "gan": {"generator_widths": (8,), "critic_widths": (8,)},
}


def model(name: str) -> Model:
    torch.manual_seed(0)
    method = methods.load(name)(**TINY[name])
    spec = DataSpec.of((1, 8, 8), ("a", "b", "c"))
    return Model(method, method.networks(spec).eval(), spec, {"method": name}, Clock(), Path())


def test_without_a_label_classes_come_in_turn_and_with_one_all_are_of_it() -> None:
    found = model("cgan")
    turns, ones = found.sample(6, seed=2), found.sample(6, seed=2, label=1)
    same = [bool(torch.allclose(turn, one)) for turn, one in zip(turns, ones)]
    assert same == [False, True, False, False, True, False]
    assert torch.allclose(turns, found.sample(6, seed=2, batch=4), atol=1e-6)


def test_a_class_that_is_not_there_is_refused() -> None:
    with pytest.raises(CapabilityError, match="the classes are 0 to 2"):
        model("cgan").sample(1, label=3)


def test_a_vae_makes_images_again_and_says_how_likely_they_are() -> None:
    images = torch.rand(5, 1, 8, 8).round() * 2 - 1
    found = model("vae")
    made = found.reconstruct(images, batch=2)
    assert made.shape == images.shape
    assert torch.allclose(made, found.reconstruct(images), atol=1e-6)
    nats = found.log_likelihood(images, samples=10, seed=1)
    assert nats.shape == (5,)
    assert torch.equal(nats, found.log_likelihood(images, samples=10, seed=1))
    assert not torch.equal(nats, found.log_likelihood(images, samples=10, seed=2))


def test_an_sgan_says_what_class_an_image_is_of_and_a_gan_does_not() -> None:
    images, found = torch.rand(5, 1, 8, 8), model("sgan")
    chances = found.classify(images, batch=2)
    assert chances.shape == (5, 3)
    assert torch.allclose(chances.sum(1), torch.ones(5))
    assert torch.allclose(chances, found.classify(images))
    with pytest.raises(CapabilityError, match="does not say what class an image is of"):
        model("gan").classify(images)


def test_a_gan_knows_neither() -> None:
    with pytest.raises(CapabilityError, match="cannot encode them"):
        model("gan").reconstruct(torch.zeros(1, 1, 8, 8))
    with pytest.raises(CapabilityError, match="how likely an image is"):
        model("gan").log_likelihood(torch.zeros(1, 1, 8, 8))


def test_a_folder_of_runs_is_refused_with_the_newest_of_them(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no complete checkpoint\.$"):
        find_checkpoint(tmp_path)
    for name, age in (("older", 9), ("newer", 1), ("not one", 0)):
        (tmp_path / name).mkdir()
        if name != "not one":
            (tmp_path / name / "run.json").touch()
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    with pytest.raises(CheckpointError, match=r"newer\.$"):
        find_checkpoint(tmp_path)
