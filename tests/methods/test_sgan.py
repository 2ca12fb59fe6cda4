"""SGAN: the authors' networks, one logit a class with fake at 0, what each player minimises, the average."""

from itertools import pairwise

import pytest
import torch
from drive import count, play
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec, SemiBatch
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Ema, Networks
from saddlepoint.methods.gan.sgan import PRESETS, SGAN
from saddlepoint.nn.layers.gaussian_noise import GaussianNoise

TINY = {"latent": 8, "generator_width": 16, "critic_widths": [16, 8]}
CLASSES = tuple("abc")


class TwoStreams:
    """Gives other images at each draw, always with the labels 0, 1, 2, 0; noise from a seed."""

    def __init__(self) -> None:
        self.given: list[SemiBatch] = []
        self.stream = torch.Generator().manual_seed(0)

    def __call__(self) -> SemiBatch:
        labelled, unlabelled = (torch.rand(4, 1, 4, 4, generator=self.stream) * 2 - 1 for _ in range(2))
        self.given.append(SemiBatch(labelled, torch.tensor([0, 1, 2, 0]), unlabelled))
        return self.given[-1]

    def uniform(self, n: int, *shape: int) -> Tensor:
        return torch.rand(n, *shape, generator=self.stream)


def tiny(**settings: object) -> tuple[SGAN, Networks]:
    torch.manual_seed(0)
    quiet = {"noise_input": 0.0, "noise_hidden": 0.0}
    method = SGAN(**{"latent": 8, "generator_width": 16, "critic_widths": (16, 8), **quiet, **settings})
    return method, method.networks(DataSpec.of((1, 4, 4), CLASSES))


def test_the_mnist_preset_has_the_authors_networks() -> None:
    row = {key: PRESETS["mnist"][key] for key in ("ema_images",)}
    nets = SGAN(**row).networks(DataSpec.of((1, 28, 28), tuple("0123456789")))
    widths = [784, 1000, 500, 250, 250, 250, 10]
    layers = list(pairwise(widths))
    assert count(nets.critic) == sum(one * other + 2 * other for one, other in layers)  # weight norm: a gain a unit
    hidden = 100 * 500 + 500 * 500 + 2 * (500 + 2 * 500)
    assert count(nets.generator) == hidden + 500 * 784 + 2 * 784
    assert [layer.spread for layer in nets.critic.modules() if isinstance(layer, GaussianNoise)] == [0.6] + [0.5] * 5


def test_a_decay_of_9999_a_step_is_the_presets_half_life() -> None:
    row = PRESETS["mnist"]
    assert 0.5 ** (row["batch"] / row["ema_images"]) == pytest.approx(0.9999, abs=1e-7)


def test_the_critics_losses_are_the_authors_formula() -> None:
    method, nets = tiny()
    draw = TwoStreams()
    critic = next(play(method, nets, draw))
    batch, again = draw.given[0], TwoStreams()
    again()
    with torch.no_grad():
        fakes = nets.generator(again.uniform(4, 8) * 2 - 1)
        known, real, fake = (nets.critic(images) for images in (batch.labelled, batch.unlabelled, fakes))
        known_sum, real_sum, fake_sum = (logits.logsumexp(1) for logits in (known, real, fake))
        labels = -known[range(4), batch.label] + known_sum
        unlabelled = -0.5 * real_sum.mean() + 0.5 * F.softplus(real_sum).mean() + 0.5 * F.softplus(fake_sum).mean()
    assert critic.losses["label"].item() == pytest.approx(labels.mean().item(), rel=1e-5)
    assert (critic.losses["real"] + critic.losses["fake"]).item() == pytest.approx(unlabelled.item(), rel=1e-5)


def test_a_logit_a_class_with_fake_at_nought_is_a_class_more() -> None:
    """Softmax over K logits and a zero: the chance of fake is 1 - D, that of class k given real is `predict`."""
    method, nets = tiny()
    nets.eval()
    images = torch.rand(5, 1, 4, 4)
    logits = nets.critic(images)
    every = torch.cat([logits, torch.zeros(5, 1)], 1).softmax(1)
    assert torch.allclose(1 - every[:, -1], logits.logsumexp(1).sigmoid(), atol=1e-6)
    assert torch.allclose(method.predict(nets, images)["class"], every[:, :-1] / (1 - every[:, -1:]), atol=1e-6)


def test_the_generator_matches_the_mean_features_of_other_images() -> None:
    method, nets = tiny()
    draw = TwoStreams()
    updates = play(method, nets, draw)
    next(updates)
    state = draw.stream.get_state()
    generator = next(updates)
    assert generator.group == "generator"
    assert not torch.equal(draw.given[0].unlabelled, draw.given[1].unlabelled)
    draw.stream.set_state(state)
    other = draw()
    with torch.no_grad():
        made = nets.critic.features(nets.generator(draw.uniform(4, 8) * 2 - 1)).mean(0)
        gap = made - nets.critic.features(other.unlabelled).mean(0)
    assert made.shape == (8,)
    assert generator.losses["features"].item() == pytest.approx(gap.square().mean().item(), rel=1e-4)


def test_labelled_images_teach_the_classes() -> None:
    method, nets = tiny()
    draw = TwoStreams()
    batch = draw()
    draw.__class__ = type("Same", (TwoStreams,), {"__call__": lambda self: batch})
    errors = [next(play(method, nets, draw, lr=0.3)).watch["error"].item() for _ in range(60)]
    assert errors[-1] == 0
    assert (method.predict(nets.eval(), batch.labelled)["class"].argmax(1) == batch.label).all()


def test_noise_is_added_in_training_alone() -> None:
    layer = GaussianNoise(0.5)
    x = torch.zeros(1000)
    assert layer(x).std().item() == pytest.approx(0.5, rel=0.1)
    assert torch.equal(layer.eval()(x), x)
    assert torch.equal(GaussianNoise(0.0)(x), x)


def test_generator_and_critic_are_averaged_since_the_averaged_critic_is_the_classifier() -> None:
    assert SGAN(ema_images=5.0).ema() == Ema(("generator", "critic"), half_life=5.0)
    assert SGAN(ema_images=0).ema() is None


def test_data_without_classes_is_refused() -> None:
    with pytest.raises(ConfigError, match="fewer than two"):
        SGAN().networks(DataSpec.of((1, 8, 8)))


def test_every_weight_of_both_players_has_a_gradient() -> None:
    method, nets = tiny()
    for update in play(method, nets, TwoStreams()):
        for name, parameter in nets.get_submodule(update.group).named_parameters():
            # Batch norm takes the mean away, and with it the bias before it.
            if isinstance(parameter, nn.Parameter) and not name.endswith(("hidden.0.bias", "hidden.3.bias")):
                assert parameter.grad is not None, name
                assert parameter.grad.any(), name


def test_first_weights_let_an_image_through_the_noise() -> None:
    torch.manual_seed(0)
    critic = SGAN().networks(DataSpec.of((1, 28, 28), tuple("0123456789"))).critic
    images = torch.rand(100, 1, 28, 28) * 2 - 1
    hidden = critic.features(images)
    assert hidden.square().mean().sqrt() > 0.5  # noise of .5 lies beside it, layer after layer
