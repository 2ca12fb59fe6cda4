"""RNN: gradients over time in closed form, backpropagation by hand, and steps equal to the whole."""

from typing import Any

import pytest
import torch
from torch import nn

from saddlepoint.data.batches import DataSpec
from saddlepoint.data.world import recall
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.autoregressive.rnn import RNN

TINY = {"width": 9, "shape": (6, 5)}


@pytest.mark.parametrize("gain", [0.9, 1.0, 1.1])
def test_without_tanh_the_gradient_is_the_gain_to_the_power_of_the_distance(gain: float) -> None:
    made: Any = RNN(width=16, gain=gain).recurrent()
    matrix = made.weight_hh_l0.detach().double()
    for steps in (1, 10, 60):
        jacobian = torch.linalg.matrix_power(matrix, steps)
        assert torch.linalg.matrix_norm(jacobian, 2).item() == pytest.approx(gain**steps, rel=1e-4)


def test_the_tanh_can_only_shrink_it() -> None:
    torch.manual_seed(0)
    made: Any = RNN(width=8).recurrent().double()
    state = torch.zeros(1, 1, 8, dtype=torch.float64, requires_grad=True)
    output, _ = made(torch.randn(1, 30, 8, dtype=torch.float64), state)
    norms = []
    for time in (1, 10, 29):
        rows = [torch.autograd.grad(output[0, time, i], state, retain_graph=True)[0].flatten() for i in range(8)]
        norms.append(torch.linalg.matrix_norm(torch.stack(rows), 2).item())
    assert 1 > norms[0] > norms[1] > norms[2]


def test_backpropagation_through_time_by_hand() -> None:
    """The sum over k of (product of d h_i / d h_{i-1} from k + 1 to T) times d h_k / d W, each with h_{k-1} fixed."""
    torch.manual_seed(0)
    cell: Any = nn.RNN(3, 3, batch_first=True).double()
    inputs = torch.randn(1, 7, 3, dtype=torch.float64)
    output, _ = cell(inputs)
    output[0, -1].sum().backward()
    states = torch.cat((torch.zeros(1, 3, dtype=torch.float64), output[0].detach()))
    matrix = cell.weight_hh_l0.detach()
    total, ahead = torch.zeros(3, 3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    for time in range(7, 0, -1):
        slope = ahead * (1 - states[time] ** 2)
        total += torch.outer(slope, states[time - 1])
        ahead = slope @ matrix
    assert torch.allclose(total, cell.weight_hh_l0.grad, atol=1e-12)


def test_steps_equal_the_whole_and_a_prompt_is_gone_on_from() -> None:
    torch.manual_seed(0)
    method = RNN(width=6, layers=2)
    nets = method.networks(DataSpec({"text": Tokens(9, tuple("<>abc"), "words")})).eval()
    tokens = torch.randint(5, (3, 9))
    step = method.stepper(nets, 3, {})
    by_steps = torch.stack([step(tokens[:, t - 1] if t else None) for t in range(9)], 1)
    assert torch.allclose(by_steps, method.logits(nets, tokens, {}), atol=1e-5)
    texts = method.generate(nets, torch.rand(3, 9), Sampling({"prompt": torch.tensor([[2, 4]]).expand(3, 2)}))
    assert (texts[:, :2] == torch.tensor([2, 4])).all()


def test_texts_of_the_world_end_as_they_begin() -> None:
    texts = recall.tokens(200, 20)
    assert (texts[:, 0] == texts[:, -1]).all()
    assert (texts[:, -2] == 12).all()
    assert texts[:, 1:-2].min() >= 8
    assert texts[:, 1:-2].max() <= 11
