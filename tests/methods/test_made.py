"""MADE: masks of every order, ensembles whose probabilities are averaged, and FVBN where no layer is hidden."""

import itertools
import math

import pytest
import torch
from densities import dependence, moved, total, walked

from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.autoregressive.fvbn import FVBN
from saddlepoint.methods.autoregressive.made import MADE
from saddlepoint.methods.base import Clock, Networks

TINY = {"widths": (16,), "masks": 2, "order": "random"}
SPEC = DataSpec.of((1, 2, 4))


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("widths", [(60,), (60, 60)])
def test_a_number_depends_on_exactly_those_before_it_in_every_order(widths: tuple[int, ...], direct: bool) -> None:
    method = MADE(widths=widths, masks=3, order="random", direct=direct)
    network, images = moved(method.networks(SPEC)).network, torch.randn(6, 1, 2, 4)  # at each some ReLUs are silent
    orders = [network.degrees(number)[0] for number in range(3)]
    assert not any(torch.equal(one, other) for one, other in itertools.combinations(orders, 2))
    for number, places in enumerate(orders):
        degrees = network.degrees(number)[1:]
        assert all(a.min() <= b.min() and b.max() <= 6 for a, b in itertools.pairwise([torch.zeros(1), *degrees]))
        seen = dependence(network, images, number).view(8, 8)
        assert torch.equal(seen, places[:, None] > places[None])


def test_the_probabilities_of_all_images_sum_to_one_also_of_an_ensemble() -> None:
    for method in (MADE(widths=(9, 9)), MADE(widths=(9, 9), masks=3), MADE(widths=(9, 9), masks=3, order="random")):
        assert total(method, moved(method.networks(SPEC)), (1, 2, 4)) == pytest.approx(1, abs=1e-9)


def test_an_ensemble_is_the_mean_of_probabilities_and_not_of_logits() -> None:
    method = MADE(widths=(9,), masks=4, order="random")
    nets, image = moved(method.networks(SPEC)), torch.randn(5, 1, 2, 4).sign()
    each = [method.objective(nets, image, None, Clock(step=step)) for step in range(8)]
    assert torch.allclose(method.log_probability(nets, image).exp(), torch.stack(each[:4]).exp().mean(0))
    assert torch.equal(each[1], each[5])  # sets take turns
    logits = torch.stack([nets.network(image, number) for number in range(4)]).mean(0)
    wrong = -torch.nn.functional.binary_cross_entropy_with_logits(logits, (image + 1) / 2, reduction="none")
    assert not torch.allclose(method.log_probability(nets, image), wrong.flatten(1).sum(1), atol=1e-3)


def test_without_a_hidden_layer_it_is_fvbn() -> None:
    method, fvbn = MADE(widths=()), FVBN()
    nets, image = moved(method.networks(SPEC)), torch.randn(5, 1, 2, 4).sign()
    twin: Networks = fvbn.networks(SPEC)
    twin.network.layer.load_state_dict(nets.network.output.state_dict())
    assert torch.allclose(method.log_probability(nets, image), fvbn.log_probability(twin, image))


def test_a_walk_goes_through_the_order_and_adds_up_to_the_likelihood() -> None:
    method = MADE(widths=(9, 9), order="random", direct=True)
    nets, image = moved(method.networks(SPEC)), torch.randn(5, 1, 2, 4).sign()
    found, order = walked(method, nets, image)
    assert nets.network.degrees(0)[0][order].tolist() == list(range(8))
    assert torch.allclose(found, method.log_probability(nets, image), atol=1e-4)


def test_samples_of_an_ensemble_have_the_distribution_that_it_states() -> None:
    method, spec = MADE(widths=(9,), masks=3, order="random"), DataSpec.of((1, 1, 3))
    nets = moved(method.networks(spec), scale=1.5)
    made = method.generate(nets, method.latents(nets, 20_000, 0)).view(-1, 3)
    for pattern in itertools.product((-1.0, 1.0), repeat=3):
        share = (made == torch.tensor(pattern)).all(1).float().mean().item()
        stated = method.log_probability(nets, torch.tensor(pattern).view(1, 1, 1, 3)).item()
        assert share == pytest.approx(math.exp(stated), abs=0.015)
