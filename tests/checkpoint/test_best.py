"""RUN/best: the checkpoint whose watched figure was lowest, wherever a model is asked for."""

import json
from pathlib import Path
from typing import Any

import pytest

from games import Game, trainer
from saddlepoint.checkpoint import files
from saddlepoint.checkpoint.find import best_checkpoint, find_checkpoint
from saddlepoint.checkpoint.hook import Checkpoints
from saddlepoint.deploy.serve.shelf import _from
from saddlepoint.engine.hooks import Hook
from saddlepoint.engine.run import Folder
from saddlepoint.errors import CheckpointError
from saddlepoint.runs.resume import resume
from saddlepoint.runs.trained import Trained

DATASET = {"name": "noise", "shape": [1, 8, 8], "images": 64, "classes": []}


class Scores(Hook):
    """A distance at each step of eight, lowest at the third."""

    def step(self, run: Any, report: Any) -> None:
        run.figures["score/fid"] = abs(run.clock.step - 3) + 0.5


def run(folder: Path, **settings: Any) -> Path:
    trainer(Game(), hooks=[Scores(), Checkpoints()], folder=folder, **{"examples": 64, **settings}).fit()
    score = ["fid"] if "score" in settings else []
    facts = {"method": "gan", "run": {"score": score}, "options": {}, "dataset": DATASET}
    Folder(folder).facts.write_text(json.dumps(facts), encoding="utf-8")
    return folder


def test_best_is_the_lowest_and_the_run_itself_the_latest(tmp_path: Path) -> None:
    found = run(tmp_path, score=("fid",), keep_checkpoints=1)
    assert files.step_of(find_checkpoint(found / "best")) == 3
    assert files.step_of(find_checkpoint(found)) == 8
    assert _from(f"{found}/best") == _from(str(found)) == found.name[:64]
    told = Trained(found, "done", 64, found / "report.html").summary()
    assert f"best     {found}/best: step 3, where fid was 0.5, its lowest" in told
    assert f"saddle sample {found}/best -n 64" in told


def test_a_run_that_ended_at_its_best_says_nothing_of_it(tmp_path: Path) -> None:
    found = run(tmp_path, score=("fid",), examples=24)
    assert best_checkpoint(found) == (find_checkpoint(found), 0.5)
    assert "best" not in Trained(found, "done", 24, found / "report.html").summary()


def test_a_run_does_not_go_on_from_its_best_but_a_new_one_can(tmp_path: Path) -> None:
    found = run(tmp_path, score=("fid",))
    with pytest.raises(CheckpointError, match=rf"give {found}, or .* saddle train gan --from {found}/best\."):
        resume(found / "best")


def test_a_run_that_nobody_measured_has_none(tmp_path: Path) -> None:
    found = run(tmp_path / "own")
    with pytest.raises(CheckpointError, match=rf"{found} has no best checkpoint: .* Give {found} for its latest\."):
        find_checkpoint(found / "best")
    with pytest.raises(CheckpointError, match=r"there is no .*best"):
        find_checkpoint(tmp_path / "best")


def test_a_damaged_best_is_refused_and_a_folder_called_best_is_what_it_is(tmp_path: Path) -> None:
    found = run(tmp_path, score=("fid",))
    (find_checkpoint(found / "best") / files.MANIFEST).unlink()
    with pytest.raises(CheckpointError, match="step-00000003 is damaged"):
        find_checkpoint(found / "best")
    run(found / "best")
    assert files.step_of(find_checkpoint(found / "best")) == 8
