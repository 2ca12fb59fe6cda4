"""Rescue: what a run may do by itself when its health fails. Off unless asked for; every act is logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import final

import torch
from torch import Tensor

from saddlepoint.engine.health import Health, players
from saddlepoint.engine.hooks import Hook, Json, Run
from saddlepoint.errors import ConfigError, DivergedError

UNSTABLE = {"critic too strong", "critic too weak", "mode collapse", "oscillation", "divergence"}
"""troubles in which slower steps may help"""
SLOW_STEPS = 5_000
"""steps with half the learning rates"""
STRONGER, STRONGEST = 0.05, 0.8
"""what a look adds to the strength of the augmentation, and the bound beyond which it leaks into the samples (Karras
et al. 2020, arXiv:2006.06676, section 3.1)"""
RETURNS = 3
"""times that a run goes back before it is left to fail"""


@final
class Rescue(Hook):
    """Acts on what `health` finds, as the run's setting `when_unstable` says. Stands behind it.

    can_go_back: whether there is a checkpoint from when the run was well.
    Raises ConfigError at the beginning for an act that this run's networks do not allow.
    """

    def __init__(self, health: Health, can_go_back: Callable[[], bool] = lambda: False) -> None:
        self.health, self._can_go_back = health, can_go_back
        self._slow_until = 0
        self._known: tuple[str, ...] = ()
        self._rested: tuple[str, ...] = ()
        self._news = ""
        self.returns = 0
        """how often the run has gone back; each time the learning rates are halved for good"""

    def begin(self, run: Run) -> None:
        """Set the rates as they were; refuse what cannot be done."""
        if run.settings.when_unstable == "augment" and _strength(run) is None:
            raise ConfigError("this method's networks hold no `augment` with a strength `p`: choose another rescue.")
        self._set_rate(run)
        self._rest(run)

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """After each step, what the next one needs."""
        if self._news:
            run.note(self._news, rescue="go-back")
            self._news = ""
        if run.reporting:
            began = [name for name in self.health.troubles if name not in self._known]
            self._known = self.health.troubles
            match run.settings.when_unstable:
                case "halve-rates":
                    self._slow_down(run, began)
                case "skip-leader":
                    self._choose_rest(run)
                case "augment":
                    self._augment(run)
                case "go-back":
                    if "divergence" in began and self.returns < RETURNS and self._can_go_back():
                        raise DivergedError(f"the run diverges at step {run.clock.step}.")
        self._rest(run)

    def again(self, returns: int, news: str) -> None:
        """The run has gone back for the n-th time; `news` is logged after its next step."""
        self.returns, self._news = returns, news

    def _slow_down(self, run: Run, began: list[str]) -> None:
        step, slow = run.clock.step, self._slow_until > 0
        if UNSTABLE & set(began):
            self._slow_until = step + SLOW_STEPS
            run.note(f"learning rates are halved for {SLOW_STEPS:,} steps.", rescue="halve-rates")
        elif slow and step >= self._slow_until:
            self._slow_until = 0
            run.note("learning rates are whole again.", rescue="halve-rates")
        self._set_rate(run)

    def _set_rate(self, run: Run) -> None:
        run.rate = 0.5**self.returns * (0.5 if self._slow_until else 1.0)

    def _choose_rest(self, run: Run) -> None:
        strong, weak = (f"critic too {word}" in self.health.troubles for word in ("strong", "weak"))
        critics, others = players(run.method)
        rested = critics if strong else others if weak else ()
        if rested != self._rested:
            leader, (rests, of) = " and ".join(rested), run.settings.leader_rests
            sentence = (
                f"{leader} leads: {rests} of every {of} of its steps left out" if rested else "all players step again"
            )
            run.note(f"{sentence}.", rescue="skip-leader")
            self._rested = rested

    def _rest(self, run: Run) -> None:
        rests, of = run.settings.leader_rests
        run.resting = frozenset(self._rested if run.clock.step % of < rests else ())

    def _augment(self, run: Run) -> None:
        strength = _strength(run)
        if "memorisation by the critic" not in self.health.troubles or strength is None:
            return
        before = float(strength)
        after = min(before + STRONGER, STRONGEST)
        if self.health.looked == run.clock.step and after > before:
            with torch.no_grad():
                strength.fill_(after)
            run.note(f"augmentation is raised from {before:.2f} to {after:.2f}.", rescue="augment")

    def state(self) -> Json:
        """What was begun and is not over."""
        own = {"slow_until": self._slow_until, "known": list(self._known), "rested": list(self._rested)}
        return {**own, "returns": self.returns}

    def restore(self, state: Json) -> None:
        """Go on where `state` was taken."""
        self._slow_until, self._known = state["slow_until"], tuple(state["known"])
        self._rested, self.returns = tuple(state["rested"]), state["returns"]


def _strength(run: Run) -> Tensor | None:
    augment = getattr(run.nets, "augment", None)
    strength = getattr(augment, "p", None)
    return strength if isinstance(strength, Tensor) else None
