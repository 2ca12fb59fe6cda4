"""Files and folders that are written: whole or not there, readable by others, and nothing of killed processes stays."""

from __future__ import annotations

import errno
import os
import signal
import stat
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from saddlepoint.errors import RunError
from saddlepoint.storage import whole
from saddlepoint.storage.tensors import save


def hidden(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.startswith(".")]


def test_a_file_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.txt"
    whole.replace(path, b"old")
    with suppress(ZeroDivisionError), whole.file(path) as passing:
        passing.write_bytes(b"ne")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    whole.replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert hidden(path.parent) == []


def test_a_folder_appears_with_all_that_is_in_it_and_never_over_another(tmp_path: Path) -> None:
    target = tmp_path / "made"
    with whole.folder(target) as passing:
        (passing / "a").write_bytes(b"1")
        assert not target.exists()
    assert (target / "a").read_bytes() == b"1"
    with pytest.raises(RunError, match="is there already"), whole.folder(target):
        pass
    assert (target / "a").exists()
    assert hidden(tmp_path) == []


def test_what_killed_processes_left_is_removed_and_nothing_of_a_living_one_or_of_others(tmp_path: Path) -> None:
    child = os.fork()
    if not child:
        with whole.folder(tmp_path / "made") as passing:
            (passing / "half").write_bytes(b"x" * 1000)
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    (left,) = hidden(tmp_path)
    alive = tmp_path / left.name.replace(str(child), str(os.getppid()))
    elsewhere = tmp_path / f".saddle-ffffff-{child}-0"
    for path in (alive, elsewhere, tmp_path / ".mine"):
        path.write_bytes(b"")
    whole.replace(tmp_path / "next", b"")
    assert set(hidden(tmp_path)) == {alive, elsewhere, tmp_path / ".mine"}


def test_what_a_process_of_the_same_number_left_is_removed_while_own_files_are_not(tmp_path: Path) -> None:
    left = tmp_path / f"{whole._PREFIX}{os.getpid()}-999999"
    left.write_bytes(b"")
    with whole.file(tmp_path / "a") as passing:
        assert not left.exists()
        passing.write_bytes(b"1")
        whole.sweep.cache_clear()
        whole.replace(tmp_path / "b", b"2")
        assert passing.exists()


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_weights_may_be_read_by_whom_other_files_may(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        save(tmp_path / "weights.safetensors", {"a": torch.ones(2)})
        whole.replace(tmp_path / "other", b"")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("weights.safetensors", "other")]
    assert modes == [0o666 & ~mask] * 2


@pytest.mark.parametrize("code", [errno.ENOENT, errno.EIO, errno.ESTALE, errno.ENAMETOOLONG, errno.EROFS, errno.EMFILE])
def test_whatever_a_disk_says_is_one_sentence(tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "write_bytes", fails)
    with pytest.raises(RunError, match=os.strerror(code)) as caught:
        whole.replace(tmp_path / "a", b"")
    assert "\n" not in str(caught.value)
