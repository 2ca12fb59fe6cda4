"""An anchor: a game that circles comes to rest, fine-tuning ends where the sum says, and a restart changes no bit."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import saddlepoint
from games import Game, trainer, weights
from saddlepoint.engine.trainer import Trainer
from saddlepoint.errors import CheckpointError, ConfigError
from saddlepoint.methods.base import SGD, Networks, Update


class Place(nn.Module):
    """One number."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor([value]))


def circling(nets: Any, draw: Any, clock: Any) -> Any:
    """min over x, max over y of x y, both at once."""
    draw()
    x, y = nets.x.value, nets.y.value
    yield Update("x", {"xy": (x * y.detach()).sum()}), Update("y", {"xy": -(x.detach() * y).sum()})


def drawn(nets: Any, draw: Any, clock: Any) -> Any:
    """Everything wants to be at 4."""
    draw()
    yield Update("x", {"away": (nets.x.value - 4).square().sum()})


def circle(steps: int, **settings: Any) -> Trainer:
    game = Game(
        step=circling,
        make=lambda data: Networks(x=Place(1.0), y=Place(1.0)),
        moves={name: SGD(name, lr=0.05) for name in "xy"},
    )
    return trainer(game, examples=8 * steps, log_every=1000, **settings)


def radius(run: Trainer) -> float:
    run.fit()
    return math.hypot(run.nets.x.value.item(), run.nets.y.value.item())


def test_a_game_that_circles_comes_to_rest_by_the_mean_of_its_history() -> None:
    assert radius(circle(1000)) > 3
    assert radius(circle(1000, anchor=0.05)) < 0.1


def test_the_history_is_the_mean_of_all_weights_so_far() -> None:
    run, past = circle(5, anchor=0.05), [1.0]
    forward = run.mover.move

    def move(*arguments: Any) -> Any:
        report = forward(*arguments)
        past.append(run.nets.x.value.item())
        return report

    run.mover.__dict__["move"] = move
    run.fit()
    assert run.anchor is not None
    assert run.anchor.places["x/x.value"].item() == pytest.approx(sum(past) / 6, abs=1e-6)


def test_fine_tuning_ends_between_the_start_and_what_is_new() -> None:
    game = Game(step=drawn, make=lambda data: Networks(x=Place(0.0)), moves={"x": SGD("x", lr=0.1)})
    run = trainer(game, examples=8 * 200, log_every=1000, anchor=3.0, anchor_to="start")
    assert run.anchor is not None
    moments = {"x/x.value/exp_avg_sq": torch.tensor([0.5])}
    run.anchor.anew(run.groups, (), moments)
    run.fit()
    assert run.nets.x.value.item() == pytest.approx(4 / (1 + 3), abs=1e-4)  # (w - 4)^2 + 3 w^2


def test_what_mattered_stays_and_what_did_not_is_free() -> None:
    game = Game(step=drawn, make=lambda data: Networks(x=Pair()), moves={"x": SGD("x", lr=0.05)})
    run = trainer(game, examples=8 * 200, log_every=1000, anchor=3.0, anchor_to="important")
    assert run.anchor is not None
    run.anchor.anew(run.groups, (), {"x/x.value/exp_avg_sq": torch.tensor([6.0, 2.0])})  # 1.5 and 0.5 of their mean
    run.fit()
    assert run.nets.x.value.tolist() == pytest.approx([4 / 5.5, 4 / 2.5], abs=1e-4)


class Pair(nn.Module):
    """Two numbers at 0."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.zeros(2))


def test_a_restart_changes_no_bit_and_misses_no_anchor() -> None:
    whole = circle(6, anchor=0.05)
    whole.fit()
    first = circle(3, anchor=0.05)
    first.fit()
    tensors, facts = first.state()
    second = circle(6, anchor=0.05)
    second.restore({name: value.clone() for name, value in tensors.items()}, facts)
    second.fit()
    one, other = weights(whole), weights(second)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    with pytest.raises(CheckpointError, match="no anchor"):
        second.restore({n: v for n, v in tensors.items() if not n.startswith("anchor/")}, facts)


def test_a_run_is_held_by_what_its_start_has_learnt(tmp_path: Path) -> None:
    small: Any = {"batch": 16, "width": 4, "grid_size": 0, "seed": 1}
    first = saddlepoint.train("vae", data="digits", out=tmp_path / "first", examples=320, **small)

    def moved(name: str, **settings: Any) -> float:
        run = saddlepoint.train(
            "vae", data="digits", out=tmp_path / name, start=first.folder, examples=160, **small, **settings
        )
        before, after = (dict(each.model().nets.named_parameters()) for each in (first, run))
        return float(sum((after[path] - value).abs().sum() for path, value in before.items()))

    free = moved("free")
    assert moved("held", anchor=10.0, anchor_to="important") < free
    assert moved("tied", anchor=1e3, anchor_to="start") < free
    with pytest.raises(ConfigError, match="start from one with --from"):
        saddlepoint.train("vae", data="digits", out=tmp_path / "none", anchor=1.0, anchor_to="important", **small)


def test_an_anchor_of_shards_and_moments_that_are_not_there_are_refused() -> None:
    with pytest.raises(ConfigError, match="leave out --anchor or --shard"):
        circle(1, anchor=1.0, shard=True)
    run = circle(1, anchor=1.0, anchor_to="important")
    assert run.anchor is not None
    with pytest.raises(ConfigError, match="use --anchor-to start"):
        run.anchor.anew(run.groups, (), {})
