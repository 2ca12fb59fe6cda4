"""Averages against values worked by hand: counted in images, with buffers, with and without the ramp."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from games import Game, pictures, trainer, two_convolutions
from saddlepoint.engine.ema import Average
from saddlepoint.methods.base import SGD, Clock, Cosine, Ema, Networks, Update


def one_weight(value: float) -> Networks:
    net = nn.Module()
    net.w = nn.Parameter(torch.tensor(value))
    net.register_buffer("mean", torch.tensor(value))
    net.register_buffer("count", torch.tensor(0))
    return Networks(generator=net)


def set_to(nets: Networks, value: float, count: int) -> None:
    with torch.no_grad():
        nets.generator.w.fill_(value)
        nets.generator.mean.fill_(value)
        nets.generator.count.fill_(count)


def test_after_one_half_life_of_images_an_old_weight_counts_half() -> None:
    live = one_weight(0.0)
    average = Average(live, Ema(("generator",), half_life=64, ramp=None))
    set_to(live, 1.0, 7)
    average.update(64, Clock(examples=64))
    copied = average.copies["generator"]
    assert copied.w.item() == pytest.approx(0.5)
    assert copied.mean.item() == pytest.approx(0.5)
    assert copied.count.item() == 7  # whole numbers have no average


def test_four_steps_of_16_images_age_a_weight_as_one_of_64() -> None:
    live = one_weight(0.0)
    average = Average(live, Ema(("generator",), half_life=64, ramp=None))
    set_to(live, 1.0, 0)
    for step in range(4):
        average.update(16, Clock(examples=16 * (step + 1)))
    assert average.copies["generator"].w.item() == pytest.approx(0.5)


def test_the_ramp_shortens_the_half_life_to_a_share_of_the_images_shown() -> None:
    average = Average(one_weight(0.0), Ema(("generator",), half_life=1000, ramp=0.05))
    assert average.half_life(Clock(examples=200)) == pytest.approx(10)
    assert average.half_life(Clock(examples=20_000)) == pytest.approx(1000)
    assert average.half_life(Clock(examples=10**9)) == 1000


def test_a_half_life_may_grow_with_the_images() -> None:
    average = Average(one_weight(0.0), Ema(("generator",), half_life=Cosine(0, 1000, 400), ramp=None))
    shown = [average.half_life(Clock(examples=images)) for images in (0, 100, 200, 400, 900)]
    assert shown == pytest.approx([0, 500 - 500 / 2**0.5, 500, 1000, 1000])


def test_a_step_in_the_ramp_by_hand() -> None:
    """100 of 1,000 images shown: half-life 50, so a batch of 100 leaves a quarter of the old."""
    live = one_weight(0.0)
    average = Average(live, Ema(("generator",), half_life=1000, ramp=0.05))
    set_to(live, 1.0, 0)
    average.update(100, Clock(examples=1000))
    assert average.copies["generator"].w.item() == pytest.approx(0.75)


def test_the_engine_counts_images_and_averages_after_the_step() -> None:
    """w falls by .1 a step; half-life of one batch: 0, then -.05, then (-.05 - .2) / 2 = -.125."""

    def step(nets: Any, draw: Any, clock: Any) -> Any:
        draw()
        yield Update("generator", {"loss": nets.generator.w})

    moves = {"generator": SGD("generator", lr=0.1)}
    spec = Ema(("generator",), half_life=8, ramp=None)
    run = trainer(Game(step=step, make=lambda data: one_weight(0.0), moves=moves, average=spec), examples=16)
    run.fit()
    assert run.average is not None
    assert run.average.generator.w.item() == pytest.approx(-0.125)
    assert run.nets.generator.w.item() == pytest.approx(-0.2)


def test_batch_norms_statistics_are_averaged_too() -> None:
    run = trainer(
        Game(make=two_convolutions, average=Ema(("generator",), half_life=8, ramp=None)), pictures(), examples=8
    )
    before = run.average.generator[2].running_mean.clone()  # type: ignore[union-attr,index]
    run.fit()
    live, mean = run.nets.generator[2], run.average.generator[2]  # type: ignore[union-attr,index]
    assert torch.allclose(mean.running_mean, (before + live.running_mean) / 2)
    assert mean.num_batches_tracked == live.num_batches_tracked == 2


def test_the_averaged_copy_is_in_evaluation_mode_and_learns_nothing() -> None:
    run = trainer(Game(make=two_convolutions, average=Ema(("generator",), half_life=8)))
    assert run.average is not None
    assert not run.average.generator.training
    assert run.nets.generator.training
    assert not any(p.requires_grad for p in run.average.generator.parameters())
    assert run.average.critic is run.nets.critic
