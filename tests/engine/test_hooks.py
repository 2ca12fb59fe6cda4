"""Hooks: called in order, with what they are promised; their errors end the run through every hook's end."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from games import Game, both, trainer
from saddlepoint.engine.hooks import Hook, Log
from saddlepoint.errors import RunError
from saddlepoint.methods.base import SGD, Stage


class Diary(Hook):
    """Writes down each call."""

    def __init__(self, name: str, pages: list[str], fails: str = "") -> None:
        self.name, self.pages, self.fails = name, pages, fails

    def _write(self, what: str) -> None:
        self.pages.append(f"{self.name} {what}")
        if what == self.fails:
            raise ValueError(f"{self.name} fails in {what}")

    def begin(self, run: Any) -> None:
        self._write("begin")

    def before_update(self, run: Any, group: str, parameters: Mapping[str, Any]) -> None:
        self._write(f"before {group}")

    def after_update(self, run: Any, group: str, parameters: Mapping[str, Any]) -> None:
        self._write(f"after {group}")

    def step(self, run: Any, report: Mapping[str, Any]) -> None:
        self._write("step")

    def stage(self, run: Any, stage: Stage) -> None:
        self._write("stage")

    def end(self, run: Any, error: BaseException | None) -> None:
        self._write(f"end {type(error).__name__}")


def test_hooks_are_called_in_the_order_given() -> None:
    pages: list[str] = []
    hooks = [Diary("one", pages), Diary("two", pages)]
    trainer(Game(spans=(Stage(examples=8), Stage())), examples=16, hooks=hooks).fit()
    step = ["before critic", "after critic", "before generator", "after generator", "step"]
    calls = ["begin", *step, "stage", *step, "end NoneType"]
    assert pages == [f"{name} {call}" for call in calls for name in ("one", "two")]


@pytest.mark.parametrize("fails", ["begin", "before critic", "step"])
def test_an_error_in_a_hook_ends_the_run_through_every_hooks_end(fails: str) -> None:
    pages: list[str] = []
    hooks = [Diary("one", pages), Diary("two", pages, fails), Diary("three", pages)]
    with pytest.raises(ValueError, match=f"two fails in {fails}"):
        trainer(Game(), hooks=hooks).fit()
    assert pages[-3:] == [f"{name} end ValueError" for name in ("one", "two", "three")]
    assert pages[-4] == f"two {fails}"


def test_an_error_in_an_end_does_not_keep_the_others_from_theirs() -> None:
    pages: list[str] = []
    hooks = [Diary("one", pages, "end NoneType"), Diary("two", pages)]
    with pytest.raises(ValueError, match="one fails in end"):
        trainer(Game(), hooks=hooks).fit()
    assert pages[-1] == "two end NoneType"


def test_gradients_are_whole_before_an_update_and_clipped_and_still_there_after_it() -> None:
    norms: list[tuple[float, float]] = []

    class Look(Hook):
        def before_update(self, run: Any, group: str, parameters: Mapping[str, Any]) -> None:
            assert sorted(parameters) == [f"{group}.bias", f"{group}.weight"]
            self.weights = {name: value.detach().clone() for name, value in parameters.items()}
            self.before = torch.cat([value.grad.flatten() for value in parameters.values()])

        def after_update(self, run: Any, group: str, parameters: Mapping[str, Any]) -> None:
            after = torch.cat([value.grad.flatten() for value in parameters.values()])
            norms.append((float(self.before.norm()), float(after.norm())))
            for name, value in parameters.items():
                assert torch.allclose(self.weights[name] - value, 0.1 * value.grad, atol=1e-7)

    trainer(Game(moves=both(SGD, clip=1e-3)), examples=8, hooks=[Look()], accumulate=2).fit()
    assert all(before > 2e-3 for before, _ in norms)
    assert [after for _, after in norms] == pytest.approx([1e-3, 1e-3], rel=1e-2)


def test_a_hooks_state_is_saved_and_given_back() -> None:
    class Counter(Hook):
        count = 0

        def step(self, run: Any, report: Any) -> None:
            self.count += 1

        def state(self) -> dict[str, Any]:
            return {"count": self.count}

        def restore(self, state: dict[str, Any]) -> None:
            self.count = state["count"]

    first, second = Counter(), Counter()
    run = trainer(Game(), hooks=[first])
    run.fit()
    again = trainer(Game(), hooks=[second], examples=32)
    again.restore(*run.state())
    again.fit()
    assert (first.count, second.count) == (2, 4)


def test_figures_are_read_back_on_report_steps_only() -> None:
    seen: list[tuple[int, bool, bool]] = []

    class Look(Hook):
        def step(self, run: Any, report: Any) -> None:
            seen.append((run.clock.step, run.reporting, bool(run.figures)))
            run.figures = {}

    trainer(Game(), examples=8 * 8, log_every=3, hooks=[Look()]).fit()
    assert [step for step, reporting, _ in seen if reporting] == [1, 3, 6, 8]  # the first, every third and the last
    assert all(reporting == filled for _, reporting, filled in seen)


def test_the_log_has_a_line_a_report_and_notes(tmp_path: Path) -> None:
    class Says(Hook):
        def begin(self, run: Any) -> None:
            run.note("two images were left out", names=["a", "b"])

        def step(self, run: Any, report: Any) -> None:
            if run.reporting:
                run.figures["score/own"] = 0.5

    log = Log(tmp_path / "log.jsonl")
    trainer(Game(), examples=24, log_every=2, hooks=[log, Says()]).fit()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert lines[0] == {"step": 0, "examples": 0, "note": "two images were left out", "names": ["a", "b"]}
    assert [line["step"] for line in lines[1:]] == [1, 2, 3]
    assert {"examples", "stage", "seconds", "examples_per_s", "critic/real", "generator/fake"} <= lines[1].keys()
    assert "score/own" not in lines[1]  # it was added after the log, which stood before it
    trainer(Game(), hooks=[Says(), log]).fit()
    assert json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])["score/own"] == 0.5


def test_a_full_disk_under_the_log_is_one_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, text: str) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None: ...

    monkeypatch.setattr(Path, "open", lambda *a, **k: Full())
    with pytest.raises(RunError, match=r"the log .*log\.jsonl cannot be written: No space left on device\.$"):
        trainer(Game(), hooks=[Log(tmp_path / "log.jsonl")]).fit()


SLOW = """
    import sys, time
    from pathlib import Path
    import torch
    torch.set_num_threads(1)
    from games import Game, trainer
    from saddlepoint.checkpoint.hook import Checkpoints
    from saddlepoint.engine.hooks import Hook

    class Slow(Hook):
        def step(self, run, report):
            print("step", run.clock.step, flush=True)
            time.sleep(0.05)

    run = trainer(Game(), examples=10**6, hooks=[Slow(), Checkpoints()], folder=Path(sys.argv[1]))
    print("ended:", run.fit(), run.clock.step, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_finishes_the_step_saves_and_ends_well(number: int, tmp_path: Path) -> None:
    tests = Path(__file__).parent.parent
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SLOW), str(tmp_path)], cwd=tests, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "step 1\n"
    child.send_signal(number)
    rest, _ = child.communicate(timeout=60)
    assert child.returncode == 0
    _, reason, step = rest.splitlines()[-1].rsplit(" ", 2)
    assert reason == "interrupted"
    assert (tmp_path / "checkpoints" / f"step-{int(step):08d}" / "manifest.json").exists()


def test_a_second_interrupt_ends_the_run_at_once_and_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGINT)

    class Twice(Hook):
        ended: BaseException | None = None

        def step(self, run: Any, report: Any) -> None:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            time.sleep(1)  # never reached

        def end(self, run: Any, error: BaseException | None) -> None:
            self.ended = error

    hook = Twice()
    with pytest.raises(KeyboardInterrupt):
        trainer(Game(), hooks=[hook]).fit()
    assert isinstance(hook.ended, KeyboardInterrupt)
    assert signal.getsignal(signal.SIGINT) is before
