"""A long first step is announced with what the run will cost; a short one says nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from saddlepoint.engine.hooks import Hook
from saddlepoint.engine.trainer import Trainer
from saddlepoint.report.first_step import FirstStep, cost


class Slow(Hook):
    """Makes the first step last."""

    def before_update(self, run: Any, group: str, parameters: Any) -> None:
        if run.clock.step == 0:
            time.sleep(0.2)


def test_a_long_first_step_is_announced_while_it_goes_on_and_when_it_ends(
    tmp_path: Path, trainer: Callable[..., Trainer]
) -> None:
    said: list[str] = []
    trainer(tmp_path, [Slow(), FirstStep(said.append, "less is less", long=0.1)]).fit()
    assert len(said) == 2
    assert said[0].startswith("the first step is taking more than ")
    assert " steps are more than " in said[0]
    assert said[1].startswith("a step takes about ")
    assert all(words.endswith("; less is less.") for words in said)


def test_short_steps_say_nothing(tmp_path: Path, trainer: Callable[..., Trainer]) -> None:
    said: list[str] = []
    trainer(tmp_path, [FirstStep(said.append, "")]).fit()
    assert said == []


def test_the_cost_is_in_steps_and_time() -> None:
    assert cost(200_000, 64, 40.0) == "3,125 steps are 1 d 10 h"
