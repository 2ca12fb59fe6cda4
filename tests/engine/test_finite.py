"""What is no longer finite ends the run, named; and no checkpoint holds a broken weight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from games import Game, both, trainer, two_lines
from saddlepoint.checkpoint import files
from saddlepoint.checkpoint.hook import Checkpoints
from saddlepoint.data.batches import DataSpec
from saddlepoint.engine.run import Folder
from saddlepoint.errors import DivergedError, MethodError
from saddlepoint.methods.base import Adam, Networks, Update

BAD = 5


def losses(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
    """From step 5 on, the critic's second term is not a number; the generator's loss is infinite from step 4 on."""
    real = draw().image
    broken = float("nan") if clock.step + 1 >= BAD else 1.0
    yield Update("critic", {"fine": nets.critic(real).mean(), "broken": broken * nets.critic(real).mean()})


def two_moves(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
    """The generator's loss breaks at step 4, and with its weights every loss of the critic from step 5 on."""
    real = draw().image
    fake = nets.generator(draw.noise(len(real), 3))
    yield Update("critic", {"both": nets.critic(real).mean() + nets.critic(fake.detach()).mean()})
    broken = float("inf") if clock.step + 1 >= BAD - 1 else 1.0
    yield Update("generator", {"score": broken * nets.critic(nets.generator(draw.noise(len(real), 3))).square().mean()})


class Backwards(torch.autograd.Function):
    """Passes values on; its gradient is `factor`."""

    @staticmethod
    def forward(context: Any, value: Tensor, factor: float) -> Tensor:
        context.factor = factor
        return value.clone()

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient * context.factor, None


def gradients(factor: float) -> Callable[..., Iterator[Any]]:
    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        score = nets.critic(draw().image)
        value = Backwards.apply(score, factor if clock.step + 1 >= BAD else 1.0).clamp(-1, 1).nan_to_num(0.0)
        yield Update("critic", {"score": value.mean()})

    return step


@pytest.mark.parametrize("every", [1, 3, 7, 100])
def test_a_loss_that_is_not_finite_ends_the_run_naming_step_and_term(every: int) -> None:
    run = trainer(Game(step=losses), examples=8 * 30, log_every=every)
    with pytest.raises(DivergedError, match=r"^critic/broken was not finite at step 5\.$"):
        run.fit()
    assert run.clock.step == {1: 5, 3: 6, 7: 7, 100: 30}[every]  # found out at the next report


def test_of_several_terms_the_first_in_time_is_named() -> None:
    with pytest.raises(DivergedError, match="generator/score was not finite at step 4"):
        trainer(Game(step=two_moves), examples=8 * 30, log_every=10).fit()


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), 1e30])
def test_no_checkpoint_is_written_with_a_broken_weight_or_moment(factor: float, tmp_path: Path) -> None:
    """With a gradient of 1e30 Adam's second moment is infinite and the weight stands still for good."""
    game = Game(step=gradients(factor), moves=both(Adam, lr=0.01))
    run = trainer(game, examples=8 * 30, log_every=100, checkpoint_every=16, hooks=[Checkpoints()], folder=tmp_path)
    with pytest.raises(DivergedError, match=r"critic.* (was|is) not finite"):
        run.fit()
    folders = files.listing(Folder(tmp_path).checkpoints)
    assert [files.step_of(folder) for folder in folders] == [2, 4]
    tensors, _ = files.read(folders[-1])
    assert all(torch.isfinite(value).all() for value in tensors.values() if value.is_floating_point())


@pytest.mark.parametrize("kept", [True, False])
def test_a_mask_of_infinities_is_no_divergence_and_its_mend_is_named_before_the_run(kept: bool) -> None:
    def masked(data: DataSpec) -> Networks:
        nets: Networks = two_lines(data)
        nets.critic.register_buffer("mask", torch.full((3, 3), -torch.inf).triu(1), persistent=kept)
        return nets

    game = Game(make=masked)
    if kept:
        with pytest.raises(MethodError, match=r"critic.mask of Game is not finite before .* persistent=False"):
            trainer(game, examples=80)
    else:
        run = trainer(game, examples=80)
        run.fit()
        run.check_finite()


def test_a_finite_run_is_left_alone() -> None:
    run = trainer(Game(), examples=80)
    run.fit()
    run.check_finite()
