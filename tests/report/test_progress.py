"""What a person sees while a run goes on."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from IPython.display import HTML
from rich.console import Console

from saddlepoint.engine.health import Health
from saddlepoint.engine.trainer import Trainer
from saddlepoint.report import progress
from saddlepoint.report.progress import Progress, leading


def test_without_a_terminal_there_are_plain_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trainer: Callable[..., Trainer]
) -> None:
    monkeypatch.setattr(progress, "SECONDS", 0.0)
    output = io.StringIO()
    trainer(tmp_path, [Progress(Console(file=output))]).fit()
    lines = output.getvalue().splitlines()
    assert len(lines) == 61
    assert lines[9].startswith("40 of 240 images, ")
    for part in (" a second, ", " s left  ", "critic/real", "critic/fake", "generator/fake"):
        assert part in lines[9]
    assert lines[-1].startswith("240 images seen in ")
    assert "\x1b" not in output.getvalue()
    assert "\r" not in output.getvalue()


def test_the_newest_trouble_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trainer: Callable[..., Trainer]
) -> None:
    monkeypatch.setattr(progress, "SECONDS", 0.0)
    output, health = io.StringIO(), Health()
    health.restore({**health.state(), "since": {"mode collapse": 8, "critic too strong": 16}})
    trainer(tmp_path, [Progress(Console(file=output), health)]).fit()
    assert "left  ! critic too strong  critic/real" in output.getvalue().splitlines()[9]


def test_plain_lines_are_seldom(tmp_path: Path, trainer: Callable[..., Trainer]) -> None:
    output = io.StringIO()
    trainer(tmp_path, [Progress(Console(file=output))]).fit()
    assert len(output.getvalue().splitlines()) == 1


def test_a_terminal_has_one_line_that_goes_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trainer: Callable[..., Trainer]
) -> None:
    monkeypatch.setattr(progress, "REFRESH", 0.0)
    output = io.StringIO()
    trainer(tmp_path, [Progress(Console(file=output, force_terminal=True, width=60))]).fit()
    assert "\x1b[" in output.getvalue()
    assert "of 240 images" in output.getvalue()
    assert "━" in output.getvalue()
    assert output.getvalue().rstrip().splitlines()[-1].endswith(" s.")


def test_a_limit_of_minutes_bounds_the_time_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trainer: Callable[..., Trainer]
) -> None:
    monkeypatch.setattr(progress, "SECONDS", 0.0)
    output = io.StringIO()
    trainer(tmp_path, [Progress(Console(file=output))], examples=10**12, minutes=0.002).fit()
    assert ", 0 s left  " in output.getvalue().splitlines()[3]


def test_an_error_is_not_called_an_end(tmp_path: Path, trainer: Callable[..., Trainer]) -> None:
    output = io.StringIO()
    hook, run = Progress(Console(file=output)), trainer(tmp_path, [])
    hook.begin(run)
    hook.end(run, ValueError())
    assert output.getvalue() == "0 images seen in 0 s, then an error.\n"


def test_a_line_shows_two_figures_of_each_group_and_four_at_most() -> None:
    figures = dict.fromkeys(["critic/a", "critic/b", "critic/c", "generator/a", "encoder/a", "score/a"], 1.0)
    assert list(leading(figures)) == ["critic/a", "critic/b", "generator/a", "encoder/a"]


def test_a_notebook_has_one_bar_that_is_replaced_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trainer: Callable[..., Trainer]
) -> None:
    outputs: list[str] = []

    class Handle:
        def update(self, shown: HTML) -> None:
            outputs[-1] = str(shown.data)

    def display(shown: HTML, display_id: bool) -> Handle:
        outputs.append(str(shown.data))
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr(progress, "NOTEBOOK", 0.0)
    trainer(tmp_path, [Progress(Console(force_jupyter=True))]).fit()
    (output,) = outputs
    assert '<progress value="240" max="240"' in output
    assert "240 images seen in " in output
