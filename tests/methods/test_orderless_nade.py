"""Orderless NADE: its loss is the mean over all orders, and what is known of an image may be anywhere."""

import itertools

import pytest
import torch
from densities import moved, total, walked

from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.autoregressive.orderless_nade import OrderlessNADE, hidden_nats
from saddlepoint.methods.base import Networks

TINY = {"widths": (8,)}


def networks(method: OrderlessNADE, *shape: int, scale: float = 0.5) -> Networks:
    torch.manual_seed(0)
    return moved(method.networks(DataSpec.of(shape)), scale=scale)  # type: ignore[arg-type]


def test_the_loss_is_in_the_mean_the_negative_log_likelihood_over_all_orders() -> None:
    method, image = OrderlessNADE(widths=(6,)), torch.tensor([[[[1.0, -1.0, 1.0]]]])
    network, numbers = networks(method, 1, 1, 3).network, (image.flatten(1) + 1) / 2
    wanted, losses = [], []
    for order in itertools.permutations(range(3)):
        nats = torch.zeros(())
        for place, index in enumerate(order):
            shown = torch.zeros(1, 3, dtype=torch.bool)
            shown[0, list(order[:place])] = True
            logit = network(numbers, shown)[0, index]
            nats = nats + torch.nn.functional.softplus(-logit * image.flatten()[index])
            losses.append(hidden_nats(network, image, shown).item())
        wanted.append(nats.item())
    assert sum(losses) / len(losses) == pytest.approx(sum(wanted) / len(wanted), rel=1e-5)


@pytest.mark.parametrize("orders", [1, 3])
def test_the_probabilities_of_all_images_sum_to_one(orders: int) -> None:
    method = OrderlessNADE(widths=(6, 6), orders=orders)
    assert total(method, networks(method, 1, 2, 4), (1, 2, 4)) == pytest.approx(1, abs=1e-9)


def test_black_that_is_shown_differs_from_what_is_hidden() -> None:
    network = networks(OrderlessNADE(widths=(6,)), 1, 1, 3).network
    black, shown = torch.zeros(1, 3), torch.tensor([[True, False, False]])
    assert not torch.allclose(network(black, shown), network(black, torch.zeros_like(shown)))
    white = torch.tensor([[0.0, 1.0, 1.0]])
    assert torch.equal(network(black, shown), network(white, shown))  # hidden numbers have no influence


def test_a_walk_adds_up_to_the_likelihood_in_its_order() -> None:
    method = OrderlessNADE(widths=(6,))
    nets, image = networks(method, 1, 2, 4), torch.randn(5, 1, 2, 4).sign()
    found, order = walked(method, nets, image)
    assert sorted(order) == list(range(8))
    assert torch.allclose(found, method.log_probability(nets, image), atol=1e-4)


def test_a_known_part_is_heard_wherever_it_is() -> None:
    """Of two pixels the first follows the second, which is given: no fixed reading order could do that."""
    method, pattern = OrderlessNADE(widths=(6,)), torch.ones(4000, 1, 1, 2)
    nets = networks(method, 1, 1, 2, scale=1.5)
    pair = torch.tensor([[-1.0, 1.0], [1.0, 1.0]]).view(2, 1, 1, 2)
    mask = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2).expand(4000, -1, -1, -1)
    made = method.generate(nets, method.latents(nets, 4000, 0), Sampling({"image": pattern, "mask": mask}))
    assert (made[..., 1] == 1).all()
    shown = torch.tensor([[False, True]])
    stated = nets.network((pair[1:].flatten(1) + 1) / 2, shown)[0, 0].sigmoid().item()
    assert (made[..., 0] == 1).float().mean().item() == pytest.approx(stated, abs=0.03)
    rows = torch.tensor([[1.0, 0.0], [0.0, 1.0]]).view(2, 1, 1, 2)  # each row has its own mask
    each = method.generate(nets, method.latents(nets, 2, 0), Sampling({"image": pair, "mask": rows}))
    assert each[0, 0, 0, 0] == -1
    assert each[1, 0, 0, 1] == 1
