"""GSN: its chain is the exact transition matrix, whose stationary law its samples have; walkback asks for the clean."""

import pytest
import torch
from drive import HandDraw
from torch import Tensor

from saddlepoint.data.batches import DataSpec
from saddlepoint.losses.energy import binary_states
from saddlepoint.methods.base import Clock, Networks
from saddlepoint.methods.energy.gsn import GSN

TINY = {"widths": (6, 5), "walkback": 3, "walk": 3}


def random(method: GSN, side: int = 2) -> Networks:
    torch.manual_seed(0)
    nets = method.networks(DataSpec.of((1, side, side))).eval().requires_grad_(False)
    for parameter in nets.parameters():
        parameter.copy_(torch.randn_like(parameter))
    return nets


def transitions(method: GSN, nets: Networks) -> Tensor:
    """p(next image | image) of one hidden layer without noise of its own, of all images.  [2^D, 2^D]"""
    states = binary_states(4)
    kept = 1 - method.corruption / 2  # a pixel that is set by chance is set to what it was half of the time
    same = states[:, None] == states[None]
    damage = torch.where(same, kept, 1 - kept).double().prod(2)
    logits, _ = nets.network(states.float(), nets.network.rest(16), lambda *shape: torch.zeros(shape))
    white = torch.sigmoid(logits.double())
    drawn = torch.where(states[None] == 1, white[:, None], 1 - white[:, None]).prod(2)
    return damage @ drawn


def test_the_chain_settles_in_the_stationary_law_of_its_transition_matrix() -> None:
    method = GSN(widths=(6,), walk=40)
    nets = random(method)
    matrix = transitions(method, nets)
    assert torch.allclose(matrix.sum(1), torch.ones(16, dtype=torch.float64), atol=1e-9)
    law = torch.linalg.matrix_power(matrix, 200)[0]
    images = method.generate(nets, method.latents(nets, 20_000, 0))
    often = (images.flatten(1)[:, None] == binary_states(4).float() * 2 - 1).all(2).double().mean(0)
    assert torch.allclose(often, law, atol=0.012)
    one = GSN(widths=(6,), walk=1)
    start = one.latents(nets, 20_000, 0)
    after = (one.generate(nets, start).flatten(1)[:, None] == binary_states(4).float() * 2 - 1).all(2).double().mean(0)
    assert torch.allclose(after, matrix.mean(0), atol=0.012)  # from an even start


def test_every_step_of_walkback_is_judged_by_the_clean_image() -> None:
    method = GSN(**TINY)
    nets = random(method)
    for parameter in nets.network.parameters():
        parameter.zero_()
    nets.network.biases[0].fill_(2.0)  # says that every pixel is white, whatever it sees
    update = next(method.train_step(nets.requires_grad_(True), HandDraw(-torch.ones(5, 1, 2, 2)), Clock()))
    wanted = 4 * torch.nn.functional.softplus(torch.tensor(2.0)).item()
    assert list(update.losses) == ["step_1", "step_2", "step_3"]
    assert [loss.item() for loss in update.losses.values()] == pytest.approx([wanted] * 3, rel=1e-5)


def test_damage_is_salt_and_pepper_and_the_first_hidden_layer_has_no_noise() -> None:
    method = GSN(corruption=0.4, **TINY)
    draw = HandDraw(torch.zeros(1, 1, 2, 2))
    for value, share in ((0.0, 0.2), (1.0, 0.8)):
        assert method.damaged(torch.full((5000, 4), value), draw.uniform).mean().item() == pytest.approx(
            share, abs=0.02
        )
    nets = random(method)
    pixels = torch.ones(3, 4)
    _, (first, second) = nets.network(pixels, nets.network.rest(3), draw.noise)
    assert torch.equal(first[0], first[1])
    assert not torch.equal(second[0], second[1])
