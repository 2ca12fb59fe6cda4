"""NADE: its recursion against the sum that it saves, and probabilities that sum to 1."""

import pytest
import torch
from densities import dependence, moved, total, walked

from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.methods.autoregressive.nade import NADE, Activation

TINY = {"width": 8}
SPEC = DataSpec.of((1, 2, 5))


@pytest.mark.parametrize("activation", ["sigmoid", "relu"])
def test_the_recursion_is_the_sum_over_all_numbers_before(activation: Activation) -> None:
    method, image = NADE(width=6, activation=activation), torch.randn(3, 1, 2, 5).sign()
    nets = moved(method.networks(SPEC))
    net, x = nets.network, (image.flatten(1) + 1) / 2
    for i in range(10):
        hidden = net.units(x[:, :i] @ net.inputs[:i] + net.hidden_bias)  # O(D H) for each number
        logit = hidden @ net.outputs[i] + net.bias[i]
        assert torch.allclose(nets.network(image).flatten(1)[:, i], logit, atol=1e-5)
    found, order = walked(method, nets, image)
    assert order == list(range(10))
    assert torch.allclose(found, method.log_probability(nets, image), atol=1e-4)


def test_the_probabilities_of_all_images_sum_to_one() -> None:
    method = NADE(width=6)
    assert total(method, moved(method.networks(SPEC)), (1, 2, 5)) == pytest.approx(1, abs=1e-9)


def test_the_likelihood_is_of_logits_and_no_sigmoid_is_taken_twice() -> None:
    method = NADE(width=1)
    nets = method.networks(DataSpec.of((1, 1, 1)))
    with torch.no_grad():
        nets.network.outputs.zero_()
        nets.network.bias.fill_(3.0)
    white = method.log_probability(nets, torch.ones(1, 1, 1, 1)).exp().item()
    assert white == pytest.approx(1 / (1 + 2.718281828**-3))  # a second sigmoid would give .72


def test_a_number_depends_on_exactly_those_before_it() -> None:
    nets = moved(NADE(width=6).networks(SPEC))
    seen = dependence(nets.network, torch.randn(1, 1, 2, 5)).view(10, 10)
    assert torch.equal(seen, torch.ones(10, 10, dtype=torch.bool).tril(-1))


def test_biases_begin_at_how_often_each_number_is_white() -> None:
    method, image = NADE(width=2), torch.full((98, 1, 1, 3), -1.0)
    image[:49, :, :, 1] = 1
    nets = method.networks(DataSpec.of((1, 1, 3)))
    with torch.no_grad():
        method.prepare(nets, lambda n: ImageBatch(image))
    assert nets.network.bias.sigmoid().tolist() == pytest.approx([0.01, 0.5, 0.01], abs=1e-5)
