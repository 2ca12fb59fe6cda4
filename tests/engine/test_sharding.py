"""Activations that are computed again, and what cannot be shared out. Two processes are in test_ranks.py."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from games import Game, both, trainer, two_lines, weights
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.sharding import recompute
from saddlepoint.errors import ConfigError, MethodError
from saddlepoint.methods.base import Adam, Ema, Networks


class Block(nn.Module):
    """Counts how often it is computed."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.calls = nn.Linear(2, 2), 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return torch.nn.functional.dropout(self.layer(x).tanh(), 0.5)


def make(data: Any) -> Networks:
    return Networks(generator=nn.Linear(3, 2), critic=nn.Sequential(Block(), nn.Linear(2, 1)))


class Recomputed(Game):
    checkpoints = ("critic.0",)


def test_activations_that_are_computed_again_change_no_bit() -> None:
    runs = [
        trainer(Recomputed(make=make, moves=both(Adam), average=Ema(("critic",), 100.0)), recompute=chosen)
        for chosen in (False, True)
    ]
    for run in runs:
        run.fit()
    assert [run.nets.critic[0].calls for run in runs] == [6, 12]
    assert runs[0].state()[0].keys() == runs[1].state()[0].keys()
    for name, value in weights(runs[0]).items():
        assert torch.equal(value, weights(runs[1])[name]), name


def test_of_a_list_of_modules_each_is_computed_again() -> None:
    nets = Networks(critic=nn.ModuleList(Block() for _ in range(2)))
    recompute(nets, ("critic",))
    torch.stack([block(torch.ones(1, 2)).sum() for block in nets.critic]).sum().backward()
    assert [block.calls for block in nets.critic] == [2, 2]


def test_what_cannot_be_computed_again_is_refused() -> None:
    with pytest.raises(ConfigError, match="Game names no modules to recompute"):
        trainer(Game(), recompute=True)
    with pytest.raises(MethodError, match=r"`checkpoints` names 'critic\.9'"):
        recompute(make(None), ("critic.9",))
    with pytest.raises(MethodError, match="has batch norm, whose statistics would move twice"):
        recompute(Networks(critic=nn.BatchNorm1d(2)), ("critic",))


def test_one_process_cannot_share_out() -> None:
    with pytest.raises(ConfigError, match="--shard needs several processes"):
        TorchMachine("cpu", "float32").shard(two_lines(None))  # type: ignore[arg-type]


def test_a_torch_that_divides_weights_among_gpus_alone_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "Stream", object)  # as in torch 2.6
    machine = TorchMachine("cpu", "float32")
    machine.world = 2
    with pytest.raises(ConfigError, match="--shard needs a newer one"):
        machine.shard(two_lines(None))  # type: ignore[arg-type]
