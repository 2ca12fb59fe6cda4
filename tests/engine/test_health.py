"""Health and rescue in small games: troubles are said once, acts are logged, and both survive a restart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, final

import pytest
import torch
from torch import Tensor, nn

from games import Game, both, trainer, two_lines, weights
from saddlepoint.data.batches import DataSpec
from saddlepoint.engine import health as healths
from saddlepoint.engine import rescue as rescues
from saddlepoint.engine.health import Health, players
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.engine.rescue import Rescue
from saddlepoint.engine.trainer import Trainer
from saddlepoint.errors import ConfigError, DivergedError
from saddlepoint.methods.base import Clock, Draw, Networks, Update

LEADING = {"real_logit": 5.0, "fake_logit": -5.0}


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge from step 2 on, at every other step, so that a game of a few steps has a history."""
    monkeypatch.setattr(healths, "EVERY", 2)
    monkeypatch.setattr(healths, "EARLY", 2)


@final
class Script(Hook):
    """Puts figures into the reports: `lines` is a list of figures and of how many steps they last."""

    def __init__(self, *lines: tuple[int, Mapping[str, float]]) -> None:
        self.figures = [figures for steps, figures in lines for _ in range(steps)]

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        run.figures.update(self.figures[run.clock.step - 1])


@final
class Notes(Hook):
    """Keeps what is noted; stands in for the log."""

    def __init__(self) -> None:
        self.said: list[tuple[int, str, dict[str, Any]]] = []

    def begin(self, run: Any) -> None:
        run.note = lambda text, **facts: self.said.append((run.clock.step, text, facts))


def critic(**figures: float) -> dict[str, float]:
    return {f"critic/{name}": value for name, value in figures.items()}


def watched(
    lines: list[tuple[int, Mapping[str, float]]], *, steps: int, when_unstable: str = "nothing", **more: Any
) -> tuple[Trainer, Notes, Rescue]:
    notes, health = Notes(), Health(more.pop("look", None), more.pop("modes", None))
    rescue = Rescue(health, more.pop("can_go_back", lambda: False))
    hooks = [notes, Script(*lines), health, rescue, *more.pop("hooks", [])]
    made = trainer(more.pop("game", Game()), hooks=hooks, examples=8 * steps, when_unstable=when_unstable, **more)
    return made, notes, rescue


def test_a_trouble_is_said_once_when_it_begins_and_once_when_it_is_over() -> None:
    run, notes, rescue = watched([(20, critic(**LEADING)), (20, critic(real_logit=1, fake_logit=-1))], steps=40)
    run.fit()
    begins, ends = notes.said
    assert begins[1].startswith("critic too strong: critic wins outright: its mean output is 5")
    assert begins[2]["health"] == {"finding": "critic too strong", "begins": 8 * begins[0], **LEADING}
    assert ends[1] == f"critic too strong is no longer flagged, after {8 * (ends[0] - begins[0])} points."
    assert (begins[0], ends[0]) == (8, 26)  # five reports make a median, and two looks in a row must agree
    assert rescue.health.troubles == ()


def test_with_a_collapse_it_is_said_how_many_known_modes_are_reached() -> None:
    looks = iter([{"diversity": 0.9, "modes": 1.0}] * 8 + [{"diversity": 0.01, "modes": 0.125}] * 12)
    run, notes, _ = watched(
        [(100, {})], steps=100, modes=8, look=lambda run: next(looks, {"diversity": 0.9, "modes": 0.5})
    )
    run.fit()
    begins, ends = notes.said
    assert begins[1].endswith("; 1 of 8 known modes are reached.")
    assert "mode collapse is no longer flagged, after" in ends[1]
    assert ends[1].endswith("; 4 of 8 known modes are reached.")


def test_one_odd_look_says_nothing() -> None:
    calm = critic(real_logit=1, fake_logit=-1)
    run, notes, rescue = watched([(10, calm), (3, critic(**LEADING)), (17, calm)], steps=30)
    run.fit()
    assert notes.said == []
    assert rescue.health.well == 30


def test_a_look_adds_its_figures_and_is_judged() -> None:
    run, notes, _ = watched([(20, {})], steps=20, look=lambda run: {"diversity": 0.0, "apart": 0.5})
    run.fit()
    assert run.figures["health/diversity"] == 0
    assert [text.split(":")[0] for _, text, _ in notes.said] == ["mode collapse"]


def test_gradients_are_measured_network_by_network_and_on_report_steps_alone() -> None:
    seen: list[tuple[int, str, Tensor]] = []

    class Norms(Hook):
        def before_update(self, run: Run, group: str, parameters: Mapping[str, nn.Parameter]) -> None:
            grads = [p.grad.flatten() for p in parameters.values() if p.grad is not None]
            seen.append((run.clock.step + 1, group, torch.cat(grads).norm()))

    run, _, rescue = watched([(9, {})], steps=9, log_every=4, hooks=[Norms()])
    run.fit()
    kept = rescue.health.state()["signs"]["kept"]
    for group in ("critic", "generator"):  # step 9 is a report as the last one; gradients are kept at 1, 4 and 8
        expected = [float(norm) for step, name, norm in seen if name == group and step in (1, 4, 8)]
        assert kept[f"gradient/{group}"] == pytest.approx(expected, rel=1e-6)


def test_watching_changes_no_weight() -> None:
    plain = trainer(Game(), examples=80)
    plain.fit()
    run, _, _ = watched([(10, {})], steps=10, look=lambda run: {"diversity": float(torch.rand(()))})
    run.fit()
    assert all(torch.equal(value, weights(run)[name]) for name, value in weights(plain).items())


@pytest.mark.parametrize("act", ["nothing", "halve-rates", "skip-leader"])
def test_a_restart_changes_nothing(act: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rescues, "SLOW_STEPS", 12)
    lines = [(15, critic(**LEADING)), (25, critic(real_logit=1, fake_logit=-1))]
    whole, said, _ = watched(lines, steps=40, when_unstable=act)
    whole.fit()
    for at in (7, 8, 9, 21, 22):
        first, before, _ = watched(lines, steps=at, when_unstable=act)
        first.fit()
        second, after, _ = watched(lines, steps=40, when_unstable=act)
        second.restore(*first.state())
        second.fit()
        assert before.said + after.said == said.said
        assert all(torch.equal(value, weights(second)[name]) for name, value in weights(whole).items())


def test_players_are_told_apart_by_their_networks() -> None:
    assert players(Game()) == (("critic",), ("generator",))


# -- rescue -------------------------------------------------------------------------------------------------------


def test_rates_are_halved_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rescues, "SLOW_STEPS", 10)
    rates: list[float] = []

    class Rates(Hook):
        def after_update(self, run: Any, group: str, parameters: Mapping[str, nn.Parameter]) -> None:
            rates.append(run.groups["critic"].optimiser.param_groups[0]["lr"])

    run, notes, _ = watched([(30, critic(**LEADING))], steps=30, when_unstable="halve-rates", hooks=[Rates()])
    run.fit()
    assert rates[::2] == [0.1] * 8 + [0.05] * 10 + [0.1] * 12
    assert [text for _, text, facts in notes.said if "rescue" in facts] == [
        "learning rates are halved for 10 steps.",
        "learning rates are whole again.",
    ]


def test_every_other_step_of_the_player_that_leads_is_left_out() -> None:
    moved: list[tuple[int, str]] = []

    class Moves(Hook):
        def after_update(self, run: Run, group: str, parameters: Mapping[str, nn.Parameter]) -> None:
            moved.append((run.clock.step + 1, group))

    calm = critic(real_logit=1, fake_logit=-1)
    lines = [(12, critic(**LEADING)), (18, calm)]
    run, notes, _ = watched(lines, steps=30, when_unstable="skip-leader", hooks=[Moves()])
    run.fit()
    acts = [(step, text) for step, text, facts in notes.said if "rescue" in facts]
    assert acts[0] == (8, "critic leads: 1 of every 2 of its steps left out.")
    assert acts[1][1] == "all players step again."
    missing = sorted({*range(1, 31)} - {step for step, group in moved if group == "critic"})
    assert missing == list(range(9, acts[1][0], 2))
    assert [step for step, group in moved if group == "generator"] == list(range(1, 31))


def test_the_leader_may_rest_two_steps_of_three() -> None:
    moved: list[int] = []

    class Moves(Hook):
        def after_update(self, run: Run, group: str, parameters: Mapping[str, nn.Parameter]) -> None:
            moved.extend([run.clock.step + 1] if group == "critic" else [])

    lines = [(18, critic(**LEADING))]
    run, notes, _ = watched(lines, steps=18, when_unstable="skip-leader", leader_rests=(2, 3), hooks=[Moves()])
    run.fit()
    assert [text for _, text, facts in notes.said if "rescue" in facts] == [
        "critic leads: 2 of every 3 of its steps left out."
    ]
    assert sorted({*range(1, 19)} - {*moved}) == [10, 11, 13, 14, 16, 17]


def with_augment(data: DataSpec) -> Networks:
    augment = nn.Module()
    augment.register_buffer("p", torch.tensor(0.7))
    return Networks(**dict(two_lines(data).named_children()), augment=augment)


def test_augmentation_rises_while_the_critic_memorises_and_not_beyond_its_bound() -> None:
    known = {"health/memory": 0.9, "health/known": 0.95}
    run, notes, _ = watched([(20, known)], steps=20, when_unstable="augment", game=Game(make=with_augment))
    run.fit()
    assert float(run.nets.augment.p) == pytest.approx(0.8)
    acts = [text for _, text, facts in notes.said if "rescue" in facts]
    assert acts == ["augmentation is raised from 0.70 to 0.75.", "augmentation is raised from 0.75 to 0.80."]


def test_augmentation_that_is_not_there_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="no `augment` with a strength `p`"):
        watched([(2, {})], steps=2, when_unstable="augment")[0].fit()


def test_a_run_that_diverges_ends_only_where_it_can_go_back() -> None:
    lines = [(10, critic(real=1.0)), (20, critic(real=1e6))]
    watched(lines, steps=30, when_unstable="go-back")[0].fit()
    with pytest.raises(DivergedError, match=r"diverges at step 1\d"):
        watched(lines, steps=30, when_unstable="go-back", can_go_back=lambda: True)[0].fit()


def test_a_game_without_a_critic_is_watched_too() -> None:
    def alone(nets: Networks, draw: Draw, clock: Clock) -> Iterator[Update]:
        yield Update("generator", {"error": (nets.generator(draw.noise(8, 3)) - draw().image).square().mean()})

    game = Game(
        step=alone, make=lambda data: Networks(generator=nn.Linear(3, 2)), moves={"generator": both()["generator"]}
    )
    run, notes, _ = watched([(20, {})], steps=20, game=game)
    run.fit()
    assert notes.said == []
    assert players(game) == ((), ("generator",))
