"""Going on with a run: never from less than it had without a word, and never on what was not its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import saddlepoint
from saddlepoint.checkpoint import files
from saddlepoint.engine.run import Folder
from saddlepoint.errors import CheckpointError, ConfigError

SETTINGS: dict[str, Any] = {
    "images": 64,
    "batch": 16,
    "checkpoint_every": 32,
    "log_every": 1,
    "generator_width": 4,
    "critic_width": 4,
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    return saddlepoint.train("dcgan", out=folder, grid_size=0, **SETTINGS).folder


@pytest.fixture
def run(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "run"))


def damaged(checkpoint: Path) -> None:
    path = checkpoint / "nets.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")


def all_damaged(run: Path) -> None:
    for checkpoint in files.listing(Folder(run).checkpoints):
        damaged(checkpoint)


def emptied(run: Path) -> None:
    for checkpoint in files.listing(run / "checkpoints"):
        shutil.rmtree(checkpoint)


LOST: dict[str, Callable[[Path], Any]] = {
    "damaged": all_damaged,
    "gone": lambda run: shutil.rmtree(run / "checkpoints"),
    "empty": emptied,
}


@pytest.mark.parametrize("how", LOST)
def test_a_run_whose_checkpoints_are_lost_is_not_begun_anew_unasked(run: Path, how: str) -> None:
    LOST[how](run)
    log = (run / "log.jsonl").read_bytes()
    with pytest.raises(CheckpointError, match=r"has no good checkpoint left.*--from-start"):
        saddlepoint.resume(run)
    assert (run / "log.jsonl").read_bytes() == log


def test_a_run_is_begun_anew_where_that_is_asked_and_its_log_is_kept(run: Path, original: Path) -> None:
    all_damaged(run)
    log = (run / "log.jsonl").read_bytes()
    saddlepoint.resume(run, from_start=True)
    assert (run / "log-2.jsonl").read_bytes() == log
    assert (run / "checkpoints-2").is_dir()
    tensors, _ = files.read(files.listing(run / "checkpoints")[-1])
    again, _ = files.read(files.listing(original / "checkpoints")[-1])
    assert all(tensors[name].equal(again[name]) for name in again)


def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(run: Path) -> None:
    shutil.rmtree(run / "checkpoints")
    (run / ".saved").unlink()
    assert saddlepoint.resume(run).images == 64


def test_the_checkpoint_that_is_really_used_is_named(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, last = files.listing(Folder(run).checkpoints)
    damaged(last)
    saddlepoint.resume(run)
    assert (
        f"{last} is damaged: nets.safetensors is not what was written; {first.name} is used" in capsys.readouterr().err
    )


def test_a_checkpoint_without_its_optimisers_is_not_a_good_one(run: Path) -> None:
    last = files.listing(Folder(run).checkpoints)[-1]
    stated = json.loads((last / "manifest.json").read_text())
    del stated["files"]["optim.safetensors"]
    (last / "manifest.json").write_text(json.dumps(stated))
    assert files.fault(last) == "optim.safetensors is missing"
    (last / "optim.safetensors").unlink()
    assert files.fault(last) == "optim.safetensors is missing"


@pytest.mark.parametrize(
    ("part", "name", "value", "words"),
    [
        ("run", "batch", 32, "batch was 16 and is 32"),
        ("run", "seed", 5, "seed was 0 and is 5"),
        ("options", "generator_width", 8, "generator_width was 4 and is 8"),
        ("options", "critic_slope", 0.5, ""),
        ("data", "flip", True, "flip was False and is True"),
        ("dataset", "classes", ["a", "b"], "classes was"),
    ],
)
def test_a_run_json_that_was_edited_is_refused_by_what_differs(
    run: Path, part: str, name: str, value: object, words: str
) -> None:
    facts = json.loads((run / "run.json").read_text())
    facts[part][name] = value
    (run / "run.json").write_text(json.dumps(facts))
    if words:
        with pytest.raises(CheckpointError, match=rf"run\.json is not what its checkpoints were made with: {words}"):
            saddlepoint.resume(run)
    if part != "run" and part != "data":
        with pytest.raises(CheckpointError):
            saddlepoint.load(run)


def test_a_setting_that_is_taken_out_of_run_json_is_noticed(run: Path) -> None:
    facts = json.loads((run / "run.json").read_text())
    del facts["run"]["seed"]
    (run / "run.json").write_text(json.dumps(facts))
    with pytest.raises(CheckpointError, match=r"seed was 0 and is not there"):
        saddlepoint.resume(run)


def test_a_run_is_not_shortened_below_what_it_has_shown(run: Path) -> None:
    facts = (run / "run.json").read_bytes()
    with pytest.raises(ConfigError, match=r"has shown 64 images already, so it cannot end at 48"):
        saddlepoint.resume(run, images=48)
    assert (run / "run.json").read_bytes() == facts
    assert saddlepoint.resume(run, images=96).images == 96


WRONG: tuple[Any, ...] = (None, [], {"a": []}, "x", -1, 1e308, 10**40, [[[]]], "\x1b[2J")


def test_facts_of_a_wrong_kind_are_refused_in_words_or_harmless(run: Path) -> None:
    text = (run / "run.json").read_text()
    values = json.loads(text)
    inner = [(key, name) for key in ("dataset", "run", "data", "options") for name in list(values[key])[:6]]
    for number, place in enumerate([*((key,) for key in values), *inner]):
        changed = json.loads(text)
        part = changed if len(place) == 1 else changed[place[0]]
        part[place[-1]] = WRONG[number % len(WRONG)]
        (run / "run.json").write_text(json.dumps(changed))
        try:
            saddlepoint.load(run)
        except saddlepoint.SaddlepointError as error:
            assert "\n" not in str(error)  # noqa: PT017
