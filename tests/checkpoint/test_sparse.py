"""Weights that are mostly zeros are stored as what is left of them, and come back to the bit."""

import torch

from saddlepoint.checkpoint.sparse import PLACES, packed, unpacked


def test_what_is_mostly_zeros_gets_small_and_comes_back() -> None:
    torch.manual_seed(0)
    weights = {"a": torch.randn(37, 11, 3), "b": torch.randn(16, 64), "half": torch.randn(50, 50).half()}
    weights["a"][torch.rand_like(weights["a"]) < 0.8] = 0
    weights["half"][torch.rand(50, 50) < 0.5] = 0
    found = packed(weights)
    assert {"b", f"a{PLACES}", f"half{PLACES}"} <= found.keys()
    assert sum(value.nbytes for value in found.values()) < 0.75 * sum(value.nbytes for value in weights.values())
    back = unpacked(found)
    assert back.keys() == weights.keys()
    assert all(torch.equal(back[name], weights[name]) and back[name].dtype == weights[name].dtype for name in weights)


def test_what_has_few_zeros_and_what_has_no_axes_stays() -> None:
    weights = {"full": torch.ones(100, 100), "count": torch.tensor(0), "x.values": torch.ones(3)}
    assert packed(weights) == weights
    assert unpacked(weights).keys() == weights.keys()
