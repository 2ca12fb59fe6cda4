"""When a run is saved and what is kept of it: the last few checkpoints, and the best by a chosen figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from games import Game, StopAt, trainer
from saddlepoint.checkpoint import files, hook
from saddlepoint.checkpoint.hook import Checkpoints
from saddlepoint.engine.hooks import Hook
from saddlepoint.engine.run import Folder, RunSettings
from saddlepoint.errors import ConfigError

SCORES = [5.0, 1.0, 3.0, 2.0, 4.0, 6.0, 7.0, 8.0]


class Scores(Hook):
    """Adds a figure of its own on each report."""

    def step(self, run: Any, report: Any) -> None:
        if run.reporting:
            run.figures["judge/own"] = SCORES[run.clock.step - 1]


def kept(folder: Path) -> list[int]:
    return [files.step_of(path) for path in files.listing(Folder(folder).checkpoints)]


def train(folder: Path, *hooks: Hook, **settings: Any) -> None:
    trainer(Game(), hooks=[Scores(), *hooks, Checkpoints()], folder=folder, examples=64, **settings).fit()


def test_a_checkpoint_is_written_every_so_many_images_and_at_the_end(tmp_path: Path) -> None:
    train(tmp_path, checkpoint_every=20, keep_checkpoints=100)  # of 8: after 24, 40, 64, and at 60 none of its own
    assert kept(tmp_path) == [3, 5, 8]


def test_a_checkpoint_is_written_soon_after_the_start_and_then_by_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook, "FIRST_AFTER", -1.0)
    train(tmp_path / "first", checkpoint_every=10**6)
    assert kept(tmp_path / "first") == [1, 8]
    monkeypatch.setattr(hook, "AT_LEAST_EVERY", -1.0)
    train(tmp_path / "often", checkpoint_every=10**6, keep_checkpoints=100)
    assert kept(tmp_path / "often") == list(range(1, 9))


def test_only_the_last_are_kept(tmp_path: Path) -> None:
    train(tmp_path, checkpoint_every=8, keep_checkpoints=2)
    assert kept(tmp_path) == [7, 8]


def test_the_best_is_kept_beside_the_last(tmp_path: Path) -> None:
    train(tmp_path, checkpoint_every=8, keep_checkpoints=2, best="judge/own")
    assert kept(tmp_path) == [2, 7, 8]


def test_a_figure_that_is_no_number_is_never_the_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "SCORES", [float("nan"), 4.0, 1.0, 2.0, 3.0, 6.0, 7.0, 8.0])
    train(tmp_path, checkpoint_every=8, keep_checkpoints=1, best="judge/own")
    assert kept(tmp_path) == [3, 8]


def test_the_best_is_remembered_over_a_restart(tmp_path: Path) -> None:
    """Scores fall at step 2 and rise after it; stopped at 3, the run must still know which was the best."""
    settings = {"checkpoint_every": 8, "keep_checkpoints": 1, "best": "judge/own", "examples": 64, "folder": tmp_path}
    trainer(Game(), hooks=[Scores(), StopAt(3), Checkpoints()], **settings).fit()
    again = trainer(Game(), hooks=[Scores(), Checkpoints()], **settings)
    again.restore(*files.read(files.latest(Folder(tmp_path).checkpoints)))  # type: ignore[arg-type]
    again.fit()
    assert kept(tmp_path) == [2, 8]
    assert again.state()[1]["hooks"]["Checkpoints"] == {"best": (1.0, 2)}


def test_a_misspelt_best_is_refused_at_the_first_report(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--best judge/won is no figure of this run; did you mean 'judge/own'\?"):
        train(tmp_path, best="judge/won")


def test_the_best_score_is_saved_at_once_and_counts_for_its_own_step_alone(tmp_path: Path) -> None:
    class Fid(Hook):
        """Scores at steps 2, 4 and 6."""

        def step(self, run: Any, report: Any) -> None:
            found = {2: 5.0, 4: 1.0, 6: 3.0}.get(run.clock.step)
            run.figures |= {} if found is None else {"score/fid": found}

    train(tmp_path, Fid(), checkpoint_every=10**6, keep_checkpoints=1, score=("fid",))
    assert kept(tmp_path) == [4, 8]  # 2 was retired when 4 was better; 8 is the end


@pytest.mark.parametrize("best", ["score/fid", "score/is", "score/fdi"])
def test_a_best_score_must_be_a_distance_that_is_measured(best: str) -> None:
    with pytest.raises(
        ConfigError, match=f"best cannot be {best}: the lowest value is kept, so it must be a distance in --score"
    ):
        RunSettings(best=best, score=("is",))


def test_nothing_is_saved_after_an_error(tmp_path: Path) -> None:
    class Fails(Hook):
        def step(self, run: Any, report: Any) -> None:
            if run.clock.step == 3:
                raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        train(tmp_path, Fails(), checkpoint_every=16)
    assert kept(tmp_path) == [2]


def test_a_run_that_ends_where_it_was_saved_is_not_saved_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    write = files.write
    monkeypatch.setattr(
        files, "write", lambda folder, step, *rest: (written.append(step), write(folder, step, *rest))[1]
    )
    train(tmp_path, checkpoint_every=32)
    assert written == [4, 8]
