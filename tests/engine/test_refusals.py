"""What the engine refuses, and that it says so in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import saddlepoint
from games import Game, both, points, trainer, two_lines
from saddlepoint.data.batches import LabelledBatch
from saddlepoint.engine.run import RunSettings
from saddlepoint.errors import ConfigError, MethodError, OutOfMemory
from saddlepoint.methods.base import SGD, Ema, Networks, Stage, Update


def under_no_grad(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
    loss = nets.critic(draw().image).mean()
    with torch.no_grad():
        yield Update("critic", {"loss": loss})


def reaches_another(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
    yield Update("generator", {"loss": nets.critic(draw().image).mean()})


def without_gradient(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
    yield Update("critic", {"loss": nets.critic(draw().image).mean().detach()})


def wrong_group(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
    yield Update("critics", {"loss": nets.critic(draw().image).mean()})


def not_scalar(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
    yield Update("critic", {"loss": nets.critic(draw().image)})


def a_number(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
    yield Update("critic", {"loss": 3.0})  # type: ignore[dict-item]


def no_loss(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
    yield Update("critic", {}, watch={"mean": draw().image.mean()})


def no_update(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
    yield nets.critic(draw().image).mean()


def nothing(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
    draw()
    yield from ()


def twice_the_same_name(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
    loss = nets.critic(draw().image).mean()
    yield Update("critic", {"loss": loss}, watch={"loss": loss})


def stale(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
    score = nets.critic(nets.generator(draw.noise(len(draw()), 3))).sigmoid().mean()
    yield Update("critic", {"loss": nets.critic(draw().image).mean()})
    yield Update("generator", {"loss": -score})


def used_up(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
    fake = nets.generator(draw.noise(len(draw()), 3))
    shared = (fake**2).mean()
    yield Update("generator", {"loss": shared})
    yield Update("generator", {"loss": 2 * shared})


def disagreeing(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
    real = draw().image
    name = "high" if real[0, 0] > 1 else "low"
    yield Update("critic", {name: nets.critic(real).mean()})


def a_plain_iterator(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
    return iter([Update("critic", {"loss": nets.critic(draw().image).mean()})])


def no_iterator(nets: Any, draw: Any, clock: Any) -> Any:
    return Update("critic", {"loss": nets.critic(draw().image).mean()})


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (under_no_grad, "yields inside torch.no_grad(); end the `with` block before the yield"),
        (
            reaches_another,
            "the loss of generator (loss) reaches no parameter of generator: the update would move nothing",
        ),
        (without_gradient, "the loss of critic (loss) does not depend on anything that learns"),
        (wrong_group, "names group 'critics'; the optimisers are generator, critic"),
        (not_scalar, "critic/loss must be a scalar; its shape is (4, 1)"),
        (a_number, "critic/loss must be a tensor, not float"),
        (no_loss, "an Update of critic carries no loss"),
        (no_update, "must yield an Update or a tuple of them, not Tensor"),
        (nothing, "yielded nothing"),
        (
            a_plain_iterator,
            "train_step must be a generator, a function with `yield Update(...)` in it; it returned a list",
        ),
        (
            no_iterator,
            "train_step must be a generator, a function with `yield Update(...)` in it; it returned a Update",
        ),
        (twice_the_same_name, "carries critic/loss twice"),
        (stale, "uses something computed before its networks moved; compute it again after the yield"),
        (used_up, "uses something that an earlier update has differentiated"),
        (disagreeing, "the micro-batches disagree about a move; they yield critic/"),
    ],
)
def test_a_step_that_breaks_the_contract_is_refused(step: Callable[..., Any], words: str) -> None:
    with pytest.raises(MethodError, match=re.escape(words)):
        trainer(Game(step=step), accumulate=2, examples=160).fit()
    assert torch.is_grad_enabled()


def with_a_spare(data: Any) -> Networks:
    return Networks(generator=nn.Linear(3, 2), critic=nn.Linear(2, 1), teacher=nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"make": with_a_spare}, "network 'teacher' has parameters, is in no group and is not listed in `frozen`"),
        (
            {"moves": {"critic": SGD("critc", lr=1.0)}},
            "group 'critic' moves 'critc'; the networks are generator, critic",
        ),
        (
            {"spans": (Stage(examples=8), Stage(fresh=("critc",)))},
            "a stage renews group 'critc'; the optimisers are generator, critic",
        ),
        ({"average": Ema(("genrator",), 10.0)}, "the average names 'genrator'; the networks are generator, critic"),
    ],
)
def test_a_method_whose_parts_do_not_fit_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(MethodError, match=re.escape(words)):
        trainer(Game(**settings))


def test_a_frozen_network_is_accepted_where_it_is_listed() -> None:
    class Frozen(Game):
        frozen = ("teacher",)

    run = trainer(Frozen(make=with_a_spare))
    before = run.nets.teacher.weight.clone()
    run.fit()
    assert torch.equal(run.nets.teacher.weight, before)


def test_a_network_without_parameters_needs_no_group() -> None:
    run = trainer(Game(make=lambda data: Networks(**dict(two_lines(data).named_children()), pool=nn.Identity())))
    run.fit()
    assert run.clock.examples == run.settings.examples


@pytest.mark.parametrize("name", ["train", "training", "type", "half", "to", "forward"])
def test_a_network_cannot_be_called_like_what_a_module_has(name: str) -> None:
    with pytest.raises(MethodError, match=f"a network cannot be called {name!r}"):
        Networks(**{name: nn.Identity()})


def test_a_batch_must_be_divisible_by_the_micro_batches() -> None:
    with pytest.raises(ConfigError, match="a batch of 10 cannot be cut into 4 equal micro-batches; use --accumulate 5"):
        RunSettings(batch=10, accumulate=4)
    with pytest.raises(ConfigError, match="use --accumulate 10"):
        RunSettings(batch=10, accumulate=6)


def test_a_leader_that_rests_must_step_at_times() -> None:
    with pytest.raises(ConfigError, match="leader_rests cannot be 2 2"):
        RunSettings(leader_rests=(2, 2))


def test_a_stage_must_be_divisible_as_well() -> None:
    spans = (Stage(examples=8), Stage(batch=6))
    with pytest.raises(ConfigError, match="a batch of 6 cannot be cut into 4 equal parts"):
        trainer(Game(spans=spans), accumulate=4)


def test_a_batch_cannot_be_larger_than_the_data() -> None:
    with pytest.raises(
        ConfigError, match="a batch of 128 is larger than the 64 training images; use --batch 64 or less"
    ):
        trainer(Game(), batch=128)


def test_data_without_what_the_method_takes_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"trains on LabelledBatch; points has no label\. Sort the images"):
        trainer(Game(), takes=LabelledBatch)


def test_points_cannot_be_flipped() -> None:
    with pytest.raises(ConfigError, match="points, not images: leave out --flip"):
        trainer(Game(), points(), flip=True)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"examples": 0}, "examples cannot be 0: it must be 1 or more"),
        ({"keep_checkpoints": 0}, "keep_checkpoints cannot be 0"),
        ({"threads": 0}, "threads cannot be 0: it must be from 1 to 1,024"),
        ({"minutes": 0.0}, "minutes cannot be 0.0: it must be more than 0"),
        ({"clip_norm": -1.0}, "clip_norm cannot be -1.0: it must be more than 0"),
        ({"clip_norm": float("nan")}, "clip_norm cannot be nan"),
        ({"seed": -1}, "seed cannot be -1: it must be 0 or more"),
    ],
)
def test_impossible_run_settings_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)):
        RunSettings(**settings)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to allocate"
        ),
        RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"),
    ],
)
def test_out_of_memory_names_the_accumulation_that_halves_the_need(error: RuntimeError) -> None:
    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        draw()
        raise error
        yield

    with pytest.raises(OutOfMemory, match="left for 6 images at once; --accumulate 4 would need less") as caught:
        trainer(Game(step=step), batch=12, accumulate=2).fit()
    assert caught.value.__cause__ is error
    with pytest.raises(OutOfMemory, match="use a smaller --batch or --resolution"):
        trainer(Game(step=step), batch=1).fit()


def test_another_runtime_error_passes_as_it_is() -> None:
    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        draw()
        yield Update("critic", {"loss": nets.critic(torch.ones(1, 5)).mean()})

    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        trainer(Game(step=step, moves=both())).fit()


@pytest.mark.parametrize(
    ("settings", "mend"), [({"batch": 1}, "--batch 2 or more"), ({"batch": 8, "accumulate": 8}, "--accumulate 4")]
)
def test_a_micro_batch_that_a_batch_norm_cannot_take_is_refused_with_one_that_it_can(
    settings: dict[str, Any], mend: str, tmp_path: Path
) -> None:
    small = {"generator_width": 8, "critic_widths": (8,), "grid_size": 0, "images": 8, "device": "cpu", "threads": 1}
    with pytest.raises(ConfigError, match=f"takes 2 or more: use {mend}"):
        saddlepoint.train("sgan", "digits", out=tmp_path / "run", **small, **settings)
