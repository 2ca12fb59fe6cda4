"""Stages, waking, and going on: a run that was stopped is the run that was not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from games import Game, Reports, both, pictures, trainer, two_convolutions, weights
from saddlepoint.checkpoint import files
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.hooks import Hook
from saddlepoint.engine.trainer import Trainer
from saddlepoint.errors import CheckpointError
from saddlepoint.methods.base import Adam, Clock, Cosine, Ema, Networks, RMSProp, Stage, Update

SPANS = (
    Stage(examples=16, batch=4, resolution=4),
    Stage(examples=16, lr_scale=0.5, fresh=("critic",)),
    Stage(batch=16),
)


class Notes(Hook):
    """Keeps the stage hook's calls, and what each step was like."""

    def __init__(self) -> None:
        self.entered: list[Stage] = []
        self.steps: list[tuple[int, int, int, float]] = []

    def stage(self, run: Any, stage: Stage) -> None:
        self.entered.append(stage)

    def step(self, run: Any, report: Any) -> None:
        rate = run.groups["critic"].optimiser.param_groups[0]["lr"]
        self.steps.append((run.clock.stage, run.clock.examples, run.clock.stage_examples, rate))


def seen_sizes(sizes: list[tuple[int, ...]]) -> Any:
    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        real = draw().image
        sizes.append(tuple(real.shape))
        yield Update("critic", {"loss": nets.critic(real.mean((1, 2, 3))[:, None].expand(-1, 2)).mean()})
        yield Update("generator", {"loss": nets.generator(draw.noise(len(real), 3)).mean()})

    return step


def test_stages_change_batch_resolution_and_rate() -> None:
    notes, sizes = Notes(), []
    game = Game(step=seen_sizes(sizes), spans=SPANS, moves=both(Adam, lr=0.1))
    trainer(game, pictures(), examples=64, hooks=[notes]).fit()
    assert [size[0] for size in sizes] == [4, 4, 4, 4, 8, 8, 16, 16]
    assert [size[-1] for size in sizes] == [4, 4, 4, 4, 8, 8, 8, 8]
    assert notes.entered == list(SPANS[1:])
    assert [stage for stage, *_ in notes.steps] == [0, 0, 0, 0, 1, 1, 2, 2]
    assert [images for _, images, *_ in notes.steps] == [4, 8, 12, 16, 24, 32, 48, 64]
    assert [within for _, _, within, _ in notes.steps] == [4, 8, 12, 16, 8, 16, 16, 32]
    assert [rate for *_, rate in notes.steps] == pytest.approx([0.1] * 4 + [0.05] * 2 + [0.1] * 2)


def test_named_groups_begin_a_stage_with_fresh_moments() -> None:
    class Counts(Hook):
        def __init__(self) -> None:
            self.seen: list[tuple[float, float]] = []

        def step(self, run: Any, report: Any) -> None:
            tensors = run.state()[0]
            self.seen.append(tuple(tensors[f"optim/{g}/{g}.weight/step"].item() for g in ("critic", "generator")))  # type: ignore[arg-type]

    counts = Counts()
    spans = (Stage(examples=16), Stage(fresh=("critic",)))
    trainer(Game(spans=spans, moves=both(Adam, lr=0.1)), examples=32, hooks=[counts]).fit()
    assert counts.seen == [(1, 1), (2, 2), (1, 3), (2, 4)]


def test_wake_is_called_on_networks_and_averages_with_the_time() -> None:
    def make(data: Any) -> Networks:
        nets = Networks(generator=nn.Linear(3, 2), critic=nn.Linear(2, 1))
        nets.generator.depth = -1
        return nets

    def set_phase(nets: Any, clock: Any) -> None:
        nets.generator.depth = clock.examples

    depths: list[tuple[int, int]] = []

    class Look(Hook):
        def step(self, run: Any, report: Any) -> None:
            depths.append((run.nets.generator.depth, run.average.generator.depth))

    game = Game(make=make, phase=set_phase, average=Ema(("generator",), 10.0))
    run = trainer(game, examples=24, hooks=[Look()])
    run.fit()
    assert depths == [(0, 0), (8, 8), (16, 16)]


class Saves(Hook):
    """Writes a checkpoint of every step, as the last of the hooks would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def step(self, run: Any, report: Any) -> None:
        files.write(self.folder, run.clock.step, *run.state())


def test_a_cosine_falls_from_its_start_to_its_end_and_stays_there() -> None:
    fall = Cosine(3.0, 1.0, examples=100)
    assert [fall(Clock(examples=images)) for images in (0, 50, 100, 999)] == pytest.approx([3, 2, 1, 1])
    assert fall(Clock(examples=25)) == pytest.approx(2 + 0.5**0.5)
    assert Cosine(3.0, 1.0)(Clock(examples=50, total=100)) == pytest.approx(2)  # over the whole run


def test_a_rate_and_betas_may_follow_the_clock(tmp_path: Path) -> None:
    """Steps begin at 0, 8, 16 and 24 of 32 images; what is resumed finds the rate where it was."""

    class Rates(Hook):
        def __init__(self) -> None:
            self.seen: list[tuple[float, float]] = []

        def after_update(self, run: Any, group: str, parameters: Any) -> None:
            if group == "critic":
                entry = run.groups[group].optimiser.param_groups[0]
                self.seen.append((entry["lr"], entry["betas"][1]))

    def make(*hooks: Hook) -> Trainer:
        moves = both(Adam, lr=Cosine(0.4, 0.2), betas=(0.0, Cosine(0.9, 0.99)))
        return trainer(Game(moves=moves), examples=32, hooks=hooks)

    rates = Rates()
    straight = make(rates, Saves(tmp_path))
    straight.fit()
    shares = [(1 + math.cos(math.pi * step / 4)) / 2 for step in range(4)]
    assert [lr for lr, _ in rates.seen] == pytest.approx([0.2 + 0.2 * share for share in shares])
    assert [beta for _, beta in rates.seen] == pytest.approx([0.99 - 0.09 * share for share in shares])
    resumed = make()
    resumed.restore(*files.read(tmp_path / files.name_of(2)))
    resumed.fit()
    assert all(torch.equal(one, weights(resumed)[name]) for name, one in weights(straight).items())


@pytest.mark.parametrize("optim", [Adam, RMSProp], ids=lambda kind: kind.__name__)
def test_a_resumed_run_is_the_uninterrupted_one_to_the_bit(optim: Any, tmp_path: Path) -> None:
    """With batch norm, channels last, averages, flips and stages; saved within stages and at their very ends."""
    spans = (Stage(examples=24), Stage(examples=16, batch=4, lr_scale=0.5, fresh=("critic",)), Stage())
    average = Ema(("generator",), half_life=20)

    def make(*hooks: Hook) -> Trainer:
        game = Game(make=two_convolutions, spans=spans, moves=both(optim, lr=0.01), average=average)
        return trainer(game, pictures(), examples=64, flip=True, hooks=hooks)

    straight = make(Saves(tmp_path))
    straight.fit()
    wanted = weights(straight)
    for at in (1, 3, 5, 7, 9):  # 3 and 7 are the last steps of their stages
        resumed = make()
        resumed.restore(*files.read(tmp_path / files.name_of(at)))
        resumed.fit()
        found = weights(resumed)
        assert wanted.keys() == found.keys()
        assert [name for name in wanted if not torch.equal(wanted[name], found[name])] == [], f"resumed at {at}"
        assert resumed.clock == straight.clock
        assert resumed.position == straight.position


def test_fused_moments_come_back_in_the_weights_own_memory_format(tmp_path: Path) -> None:
    run = trainer(Game(make=two_convolutions, moves=both(Adam, lr=0.01)), pictures())
    run.fit()
    again = trainer(run.method, pictures())
    again.restore(*files.read(files.write(tmp_path, 2, *run.state())))
    for parameter, state in again.groups["critic"].optimiser.state.items():
        assert state["exp_avg"].stride() == parameter.stride()
        assert state["exp_avg_sq"].stride() == parameter.stride()
    assert again.groups["critic"].optimiser.defaults["fused"]


def test_a_run_that_is_resumed_at_its_end_trains_no_further() -> None:
    run = trainer(Game(), examples=16)
    run.fit()
    again = trainer(Game(), examples=16)
    again.restore(*run.state())
    assert again.fit() == "done"
    assert again.clock.step == 2
    assert all(torch.equal(one, other) for one, other in zip(weights(run).values(), weights(again).values()))


def test_a_resumed_run_can_be_given_more_images() -> None:
    run = trainer(Game(), examples=16)
    run.fit()
    longer, straight = trainer(Game(), examples=32), trainer(Game(), examples=32)
    longer.restore(*run.state())
    longer.fit(), straight.fit()
    assert all(torch.equal(one, other) for one, other in zip(weights(longer).values(), weights(straight).values()))


def test_a_hook_that_draws_random_numbers_changes_nothing() -> None:
    class Gambler(Hook):
        def step(self, run: Any, report: Any) -> None:
            torch.rand(100)

    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        dropped = nn.functional.dropout(nets.critic(draw().image), 0.5)
        yield Update("critic", {"loss": dropped.mean()})

    runs = [trainer(Game(step=step), hooks=hooks, examples=80) for hooks in ([], [Gambler()])]
    for run in runs:
        run.fit()
    assert torch.equal(runs[0].nets.critic.weight, runs[1].nets.critic.weight)


def test_another_seed_is_another_run() -> None:
    runs = [trainer(Game(), seed=seed) for seed in (0, 0, 1)]
    for run in runs:
        run.fit()
    one, same, other = (run.nets.critic.weight for run in runs)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_checkpoint_of_other_networks_is_refused_naming_what_does_not_fit() -> None:
    tensors, facts = trainer(Game()).state()
    tensors["nets/critic.weight"] = torch.zeros(1, 5)
    del tensors["nets/critic.bias"]
    words = r"critic\.bias is missing; critic\.weight is \[1, 5\] there and \[1, 2\] here\."
    with pytest.raises(CheckpointError, match=words):
        trainer(Game()).restore(tensors, facts)


def test_minutes_end_a_run() -> None:
    run = trainer(Game(), examples=10**9, minutes=1e-6)
    assert run.fit() == "1e-06 minutes are over"
    assert run.clock.step == 1


def test_bf16_trains_and_keeps_float32_weights() -> None:
    kinds: list[torch.dtype] = []

    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        score = nets.critic(draw().image)
        kinds.append(score.dtype)
        yield Update("critic", {"loss": score.mean()})

    seen = Reports()
    run = trainer(Game(step=step), machine=TorchMachine("cpu", "bf16"), hooks=[seen], examples=80)
    run.fit()
    assert kinds == [torch.bfloat16] * 10
    assert run.nets.critic.weight.dtype == torch.float32
    assert seen.seen[0]["critic/loss"].dtype == torch.float32
    assert seen.figures()[-1]["critic/loss"] < seen.figures()[0]["critic/loss"]
