"""LSTM: its cell worked by hand, the biases that its gates begin with, and steps equal to the whole."""

import math
from typing import Any

import torch

from saddlepoint.data.batches import DataSpec
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.autoregressive.lstm import LSTM

TINY = {"width": 6, "shape": (6, 5)}


def test_a_cell_is_what_the_paper_says() -> None:
    torch.manual_seed(0)
    made: Any = LSTM(width=4).recurrent().double()
    inputs = torch.randn(1, 5, 4, dtype=torch.float64)
    output, _ = made(inputs)
    hidden, cell = torch.zeros(4, dtype=torch.float64), torch.zeros(4, dtype=torch.float64)
    for time in range(5):
        sums = made.weight_ih_l0 @ inputs[0, time] + made.bias_ih_l0 + made.weight_hh_l0 @ hidden + made.bias_hh_l0
        inward, keep, content, outward = sums.chunk(4)
        cell = keep.sigmoid() * cell + inward.sigmoid() * content.tanh()
        hidden = outward.sigmoid() * cell.tanh()
        assert torch.allclose(hidden, output[0, time], atol=1e-12)


def test_gates_begin_ready_to_remember() -> None:
    plain: Any = LSTM(width=5).recurrent()
    assert (plain.bias_ih_l0 + plain.bias_hh_l0).tolist() == [0.0] * 5 + [1.0] * 5 + [0.0] * 10
    chrono: Any = LSTM(width=500, span=60).recurrent()
    both = chrono.bias_ih_l0 + chrono.bias_hh_l0
    keep = both[500:1000]
    assert torch.equal(both[:500], -keep)
    assert 0 <= keep.min() < 0.5
    assert math.log(50) < keep.max() <= math.log(59)
    assert (both[1000:] == 0).all()


def test_steps_equal_the_whole() -> None:
    torch.manual_seed(0)
    method = LSTM(width=6, layers=2)
    nets = method.networks(DataSpec({"text": Tokens(9, tuple("<>abc"), "words")})).eval()
    tokens = torch.randint(5, (3, 9))
    step = method.stepper(nets, 3, {})
    by_steps = torch.stack([step(tokens[:, t - 1] if t else None) for t in range(9)], 1)
    assert torch.allclose(by_steps, method.logits(nets, tokens, {}), atol=1e-5)
