"""AC-GAN: source and class, each by hand, and what either player gains from them."""

import math

import pytest
import torch
from drive import play
from test_cgan import DIGITS, LabelledDraw

from saddlepoint.methods.gan.acgan import ACGAN, split

TINY = {"latent": 8, "generator_width": 8, "critic_width": 8}


def draw() -> LabelledDraw:
    return LabelledDraw(torch.rand(4, 1, 8, 8) * 2 - 1, torch.tensor([3, 1, 4, 1]))


def test_the_critics_outputs_are_one_source_and_a_logit_a_class() -> None:
    nets = ACGAN(**TINY).networks(DIGITS)
    source, classes = split(nets.critic(torch.zeros(2, 1, 8, 8)))
    assert (source.shape, classes.shape) == ((2,), (2, 10))


def test_a_critic_that_knows_nothing_loses_log_two_a_source_and_log_ten_a_class() -> None:
    method = ACGAN(**TINY)
    nets = method.networks(DIGITS)
    torch.nn.init.zeros_(nets.critic.output.weight)
    critic, generator = play(method, nets, draw())
    wanted = {"real": math.log(2), "fake": math.log(2), "real_class": math.log(10), "fake_class": math.log(10)}
    assert {name: loss.item() for name, loss in critic.losses.items()} == pytest.approx(wanted)
    found = {name: loss.item() for name, loss in generator.losses.items()}
    assert found == pytest.approx({"fake": math.log(2), "class": math.log(10)})


def test_the_class_weight_weighs_the_class_terms_of_both_players() -> None:
    found = []
    for weight in (1.0, 0.1):
        torch.manual_seed(0)
        method = ACGAN(class_weight=weight, **TINY)
        found.append([update.losses for update in play(method, method.networks(DIGITS), draw())])
    (critic, generator), (light_critic, light_generator) = found
    for name, loss in critic.items():
        assert light_critic[name].item() == pytest.approx(loss.item() * (0.1 if "class" in name else 1), rel=1e-5)
    assert light_generator["class"].item() == pytest.approx(0.1 * generator["class"].item(), rel=1e-5)


def test_the_share_of_real_images_that_the_critic_names_is_watched() -> None:
    torch.manual_seed(0)
    method = ACGAN(**TINY)
    nets = method.networks(DIGITS)
    batch = draw()
    update = next(play(method, nets, batch))
    named = split(nets.critic(batch.batch.image))[1].argmax(1)
    assert update.watch["right"].item() == (named == batch.batch.label).float().mean().item()
