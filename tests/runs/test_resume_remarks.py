"""Resuming past the planned end, a run that is finished, and one that is too young: each is said in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import saddlepoint
from saddlepoint.errors import CheckpointError

TINY: dict[str, Any] = {
    "data": "digits", "images": 64, "batch": 16, "grid_size": 0, "threads": 1, "device": "cpu", "log_every": 1,
    "generator_width": 4, "critic_width": 4,
}  # fmt: skip


def test_a_schedule_that_is_stretched_over_more_images_is_said_and_logged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saddlepoint.train("dcgan", out=tmp_path / "run", lr_schedule="linear", **TINY)
    saddlepoint.resume(tmp_path / "run", images=128)
    said = capsys.readouterr().err
    words = "the learning rate of critic is 0.0002 from here, where the plan of 64 images had 0:"
    assert words in said
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert any(words in line.get("note", "") for line in log)
    assert any("rate" in name for line in log for name in line), "the rate itself is in the log"


def test_a_constant_rate_needs_no_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saddlepoint.train("dcgan", out=tmp_path / "run", **TINY)
    saddlepoint.resume(tmp_path / "run", images=80)
    assert "learning rate" not in capsys.readouterr().err


def test_a_finished_run_says_how_to_train_it_further(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saddlepoint.train("dcgan", out=tmp_path / "run", **TINY)
    assert saddlepoint.resume(tmp_path / "run").ended == "done"
    said = capsys.readouterr().err
    assert "is finished: it has seen all of its 64 images. To train it further: saddle resume" in said
    assert "--examples 128" in said


def test_a_run_without_a_checkpoint_says_when_there_will_be_one(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(CheckpointError, match="yet: a run writes its first one after 90 seconds"):
        saddlepoint.load(tmp_path)
