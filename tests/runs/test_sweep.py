"""Sweeps: every combination with every seed once, mean and deviation over seeds, and wrong settings refused at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from saddlepoint import cli
from saddlepoint.cli.sweep import _seeds
from saddlepoint.errors import ConfigError, RunError
from saddlepoint.runs import sweep as sweeps


def pretend(name: str, run: sweeps.SweepRun, fixed: Any, file: Any) -> int:
    """A run that is trained in no time: its figure is its seed, ten more for hinge."""
    run.folder.mkdir(parents=True)
    figure = run.seed + 10 * (run.setting.get("objective") == "hinge")
    (run.folder / "log.jsonl").write_text(json.dumps({"step": 1, "examples": 8, "score/fid": figure}) + "\n")
    return int(run.seed == 9)


def test_a_table_has_mean_deviation_and_count_of_each_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sweeps, "_trained", pretend)
    words = ["sweep", "dcgan", "--seeds", "0-2", "--objective", "hinge,non-saturating", "--images", "8", "--batch", "8"]
    with pytest.raises(SystemExit) as ended:
        cli.main([*words, "--out", str(tmp_path / "s")])
    assert ended.value.code == 0
    rows = json.loads((tmp_path / "s" / "sweep.json").read_text())["rows"]
    assert rows[0] == {"name": "objective=hinge", "n": 3, "score/fid": 11.0, "score/fid sd": 1.0, "score/fid p": None}
    assert rows[1]["score/fid"] == 1.0
    assert rows[1]["score/fid p"] == pytest.approx(2.6e-4, rel=0.05)  # t = 10 / sqrt(2/3), 4 degrees of freedom
    assert sorted(path.name for path in (tmp_path / "s").iterdir() if path.is_dir())[0] == "objective=hinge-seed=0"
    assert "objective=hinge" in capsys.readouterr().out


def test_a_run_that_failed_is_named_and_the_others_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "_trained", pretend)
    with pytest.raises(RunError, match=r"1 of 2 runs did not end well, the first in .*seed=9"):
        sweeps.sweep("dcgan", seeds=(1, 9), out=tmp_path / "s")
    assert json.loads((tmp_path / "s" / "sweep.json").read_text())["rows"][0]["n"] == 1


def test_runs_are_trained_in_processes_of_their_own_and_not_twice(tmp_path: Path) -> None:
    settings = {"images": 16, "batch": 16, "grid_size": 0, "generator_width": 4, "critic_width": 4, "device": "cpu"}
    rows = sweeps.sweep("dcgan", seeds=[3], out=tmp_path / "s", jobs=1, **settings)
    assert rows[0]["n"] == 1
    assert "critic/real" in rows[0]
    before = (tmp_path / "s" / "seed=3.txt").read_text()
    assert sweeps.sweep("dcgan", seeds=[3], out=tmp_path / "s", jobs=1, **settings) == rows
    assert (tmp_path / "s" / "seed=3.txt").read_text() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--seeds x", "seeds cannot be 'x'"),
        ("--objective hinge,hing", "objective cannot be 'hing'"),
        ("--epochs 3", "it is counted in examples seen"),
        ("--latent 0,5", "latent cannot be 0"),
        ("--jobs 0", "jobs cannot be"),
        ("hinge", "belongs to no option"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_trained(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["sweep", "dcgan", *words.split()])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_seeds_are_a_range_or_a_list() -> None:
    assert _seeds("0-2,7") == [0, 1, 2, 7]
    with pytest.raises(ConfigError):
        _seeds("4-1")
