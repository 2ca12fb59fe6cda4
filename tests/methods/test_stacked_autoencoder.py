"""Stacked autoencoders: what moves in which stage, clean codes below, black that is black, and one layer by hand."""

import pytest
import torch
from drive import HandDraw
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec, SemiBatch
from saddlepoint.errors import ConfigError
from saddlepoint.methods.abilities import Embeds, Predicts
from saddlepoint.methods.autoencoder.stacked_autoencoder import StackedAutoencoder, brightness
from saddlepoint.methods.base import Clock

TINY = {"widths": (12, 6), "masked": (0.3, 0.0), "pretraining": 16}
METHOD = StackedAutoencoder(**TINY)
DATA = DataSpec.of((1, 4, 4), classes=("a", "b"))


def batch(n: int = 10) -> SemiBatch:
    images = torch.rand(2, n, 1, 4, 4) * 2 - 1
    return SemiBatch(images[0], torch.arange(n) % 2, images[1])


def test_each_stage_moves_its_own_layer_and_the_last_one_all_but_the_decoders() -> None:
    nets, moved = METHOD.networks(DATA), []
    for stage in range(3):
        nets.zero_grad()
        update = next(METHOD.train_step(nets, HandDraw(batch()), Clock(stage=stage)))
        torch.stack(list(update.losses.values())).sum().backward()
        moved.append({name for name, weight in nets.named_parameters() if weight.grad is not None})
    own = [{f"layers.{part}.{k}" for part in ("weights", "biases", "biases_back")} for k in range(2)]
    assert moved[:2] == own
    encoder = {f"layers.{part}.{k}" for part in ("weights", "biases") for k in range(2)}
    assert moved[2] == encoder | {"classifier.weight", "classifier.bias"}  # decoders are dropped


def test_stages_last_as_long_as_is_said_and_forget_the_moments_of_the_one_before() -> None:
    first, second, last = StackedAutoencoder(**TINY, lr=1e-2, lr_layers=1e-3).stages()
    assert first.examples == second.examples == 16
    assert first.lr_scale == pytest.approx(0.1)
    assert last.examples is None
    assert last.fresh == ("network",)


def test_a_layer_learns_its_clean_inputs_summed_over_units() -> None:
    nets, shown = METHOD.networks(DATA), batch()
    update = next(METHOD.train_step(nets, HandDraw(shown), Clock(stage=1)))
    clean = nets.layers.up(0, brightness(shown.unlabelled).flatten(1)).detach()  # nothing of it is spoilt below
    weight, bias = nets.layers.weights[1], nets.layers.biases[1]
    decoded = torch.sigmoid(clean @ weight.T + bias) @ weight + nets.layers.biases_back[1]
    wanted = F.binary_cross_entropy(decoded.sigmoid(), clean, reduction="none").sum(1).mean()
    assert update.losses["reconstruction"].item() == pytest.approx(wanted.item(), rel=1e-4)


def test_a_masked_pixel_is_black() -> None:
    method = StackedAutoencoder(widths=(5,), masked=(1.0,))
    nets, shown = method.networks(DATA), batch()
    update = next(method.train_step(nets, HandDraw(shown), Clock(stage=0)))
    decoded = nets.layers.down(0, nets.layers.biases[0].sigmoid()).expand(10, -1)  # of nothing but black
    wanted = F.binary_cross_entropy_with_logits(decoded, brightness(shown.unlabelled).flatten(1), reduction="none")
    assert update.losses["reconstruction"].item() == pytest.approx(wanted.sum(1).mean().item(), rel=1e-5)


def test_it_names_classes_and_has_codes_but_makes_no_images() -> None:
    assert isinstance(METHOD, Predicts)
    assert isinstance(METHOD, Embeds)
    assert not hasattr(METHOD, "reconstruct")
    nets, images = METHOD.networks(DATA), torch.rand(3, 1, 4, 4)
    assert torch.allclose(METHOD.predict(nets, images)["class"].sum(1), torch.ones(3))
    assert METHOD.embed(nets, images).shape == (3, 6)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="one for each of --widths"):
        StackedAutoencoder(widths=(5, 5), masked=(0.1,))
    with pytest.raises(ConfigError, match="a folder a class"):
        METHOD.networks(DataSpec.of((1, 4, 4)))
    with pytest.raises(ConfigError, match="black and a white"):
        METHOD.networks(DataSpec.of((2,), classes=("a", "b")))
