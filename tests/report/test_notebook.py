"""What a notebook shows of a run that has ended."""

from pathlib import Path

import pytest

from saddlepoint.errors import RunError
from saddlepoint.report.notebook import card
from saddlepoint.runs.trained import Trained


def test_a_card_has_the_newest_samples_the_players_curves_and_a_link(run_folder: Path) -> None:
    html = card(run_folder, "done after 60,000 images.", "runs/a%20b/report.html")
    assert html.count("<img ") == 1
    newest = max(int(path.stem.removeprefix("step-")) for path in (run_folder / "samples").glob("step-*.png"))
    assert f"Samples at step {newest:,}" in html
    assert "Critic terms" in html
    assert "Generator terms" in html
    assert "Rate" not in html
    assert '<a href="runs/a%20b/report.html">' in html
    assert "\n\n" not in html


def test_a_run_that_has_ended_is_a_card_in_a_notebook(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run_folder.parent)
    ended = Trained(run_folder, "interrupted", 640, run_folder / "report.html")
    html = ended._repr_html_()
    assert "stopped (interrupted) after 640 images" in html
    assert f'<a href="{run_folder.name}/report.html">' in html


def test_a_folder_that_holds_no_run_has_no_card(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"has no run\.json"):
        card(tmp_path, "done.", "report.html")
