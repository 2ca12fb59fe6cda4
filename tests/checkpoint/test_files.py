"""Checkpoint files: whole or not there; what is damaged is named; errors of the disk are one sentence."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import filelock
import pytest
import torch
from safetensors import SafetensorError

from saddlepoint.checkpoint import files
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.run import Folder
from saddlepoint.errors import CheckpointError, RunError
from saddlepoint.runs.folder import lock
from saddlepoint.storage import whole

TENSORS = {
    "nets/critic.weight": torch.arange(24.0).view(1, 4, 2, 3).to(memory_format=torch.channels_last),
    "average/critic.weight": torch.ones(2),
    "optim/critic/critic.weight/step": torch.tensor(3.0),
    "nets/critic.flags": torch.tensor([True, False]),
}


def write(folder: Path, step: int, **facts: Any) -> Path:
    return files.write(folder, step, TENSORS, {"step": step, **facts})


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    folder = write(tmp_path, 12)
    assert folder.name == "step-00000012"
    tensors, facts = files.read(folder)
    assert facts == {"step": 12}
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], TENSORS[name]) for name in TENSORS)
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_sampling_reads_no_moments(tmp_path: Path) -> None:
    tensors, _ = files.read(write(tmp_path, 1), ("nets", "average"))
    assert {name.split("/")[0] for name in tensors} == {"nets", "average"}


def test_the_same_tensors_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a", 1), write(tmp_path / "b", 1)
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()


def test_tensors_that_share_memory_are_written_apart(tmp_path: Path) -> None:
    shared = torch.arange(4.0)
    folder = files.write(tmp_path, 1, {"nets/a": shared, "nets/b": shared[:2]}, {})
    tensors, _ = files.read(folder)
    assert tensors["nets/b"].tolist() == [0, 1]


@pytest.mark.parametrize("name", ["nets.safetensors", "facts.json", "manifest.json"])
@pytest.mark.parametrize("how", ["cut", "changed", "gone"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(name: str, how: str, tmp_path: Path) -> None:
    good, bad = write(tmp_path, 1), write(tmp_path, 2)
    path = bad / name
    content = path.read_bytes()
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "changed":
        path.write_bytes(content[:-20] + bytes(byte ^ 1 for byte in content[-20:]))
    else:
        path.unlink()
    said: list[str] = []
    assert files.latest(tmp_path, said.append) == good
    assert len(said) == 1
    assert "step-00000002 is damaged: " in said[0]
    assert name in said[0] or "its manifest cannot be read" in said[0]
    with pytest.raises(CheckpointError, match=r"step-00000002 is damaged"):
        files.read(bad)


def test_a_folder_without_checkpoints_has_no_latest(tmp_path: Path) -> None:
    assert files.latest(tmp_path) is None
    assert files.latest(tmp_path / "none") is None


def test_what_an_interrupted_write_left_is_cleaned_and_nothing_else(tmp_path: Path) -> None:
    kept = write(tmp_path, 1)
    for name in (".step-00000002.77", ".gone-step-00000000.77"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "half").write_text("x")
    (tmp_path / ".mine").mkdir()
    files.clean(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {kept.name, ".mine"}


def test_writing_a_step_again_replaces_it(tmp_path: Path) -> None:
    write(tmp_path, 1, turn=1)
    assert files.read(write(tmp_path, 1, turn=2))[1]["turn"] == 2
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("where", ["save", "put_json", "sync"])
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "the disk is full: the checkpoint of step 2 was not written",
        ),
        (OSError(errno.EDQUOT, "Quota exceeded"), "the disk is full"),
        (SafetensorError("Error while serializing: No space left on device (os error 28)"), "the disk is full"),
        (
            PermissionError(errno.EACCES, "Permission denied"),
            "may not be written here .*: change the rights",
        ),
        (OSError(errno.EROFS, "Read-only file system"), "may not be written here"),
        (OSError(errno.EIO, "Input/output error"), "could not be written: .*Input/output error"),
    ],
)
def test_an_error_of_the_disk_is_one_sentence_and_nothing_is_lost(
    where: str, error: Exception, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = write(tmp_path, 1)

    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(files, where, fails)
    with pytest.raises(RunError, match=words) as caught:
        write(tmp_path, 2)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [before.name]
    assert files.latest(tmp_path) == before


def test_a_log_is_cut_after_a_step_and_a_torn_line_goes(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    lines = [json.dumps({"step": step, "loss": 0.5}) for step in (1, 5, 10, 15)]
    log.write_bytes("\n".join(lines).encode() + b'\n{"step": 5, "lo\xff\x00')
    files.cut_log(log, 10)
    assert log.read_text().splitlines() == lines[:3]
    files.cut_log(log, -1)
    assert log.read_text() == ""
    files.cut_log(tmp_path / "none.jsonl", 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl"]


def test_json_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "run.json"
    whole.write_json(path, {"a": 1})

    def fails(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(whole, "sync", fails)
    with pytest.raises(RunError, match=r"the disk is full: .*run\.json was not written"):
        whole.write_json(path, {"a": 2})
    assert json.loads(path.read_text()) == {"a": 1}


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match="could not be written"):
        write(tmp_path / "file" / "checkpoints", 1)


def test_a_run_folder_serves_one_process_at_a_time(tmp_path: Path) -> None:
    machine = TorchMachine("cpu", "float32")
    lines = ["import sys, filelock", "lock = filelock.FileLock(sys.argv[1])", "lock.acquire()"]
    lines += ["print('held', flush=True)", "sys.stdin.read()"]
    line = [sys.executable, "-c", "\n".join(lines), str(tmp_path / ".lock")]
    other = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    with pytest.raises(RunError, match="another process is training in"):
        lock(Folder(tmp_path), machine)
    other.communicate(timeout=60)  # it ends, and with it its hold
    with lock(Folder(tmp_path), machine):
        pass


def test_a_run_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(filelock.FileLock, "acquire", fails)
    with pytest.raises(RunError, match=r"may not be written here .*: change the rights"):
        lock(Folder(tmp_path), TorchMachine("cpu", "float32"))
    monkeypatch.undo()
    monkeypatch.setattr(os, "mkdir", fails)
    with pytest.raises(RunError, match="may not be written here"):
        lock(Folder(tmp_path / "new"), TorchMachine("cpu", "float32"))
