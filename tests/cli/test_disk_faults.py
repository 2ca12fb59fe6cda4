"""A disk that fills up or fails in the middle of any command: one sentence, and what was there before is unharmed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import saddlepoint
from saddlepoint import cli

resource = pytest.importorskip("resource")
FAULTS = (errno.ENOSPC, errno.EIO, errno.ESTALE)
LONGEST = 1024  # bytes that a file may have where the disk is "full"
WRITERS = {
    "sample": ("sample", "{run}", "-n", "2", "--out", "{out}"),
    "sample a sheet": ("sample", "{run}", "-n", "64", "--out", "{out}.png"),
    "export": ("export", "{run}", "--to", "bundle", "--out", "{out}"),
    "evaluate": ("evaluate", "{run}", "--metrics", "kid", "--extractor", "pixels", "-n", "50", "--out", "{out}.json"),
    "report": ("report", "{run}"),
    "edit": ("edit", "interpolate", "{run}", "0,1", "--out", "{out}.png"),
    "checkpoint": ("resume", "{run}", "--examples", "96"),
    "translate": ("translate", "{translator}", "{photo}", "{out}"),
    "pack": ("train", "dcgan", "--data", "{photos}", "--resolution", "64", "--examples", "8", "--out", "{out}"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("disk")
    tiny: dict[str, Any] = {"batch": 2, "grid_size": 0, "generator_width": 4, "device": "cpu"}
    saddlepoint.train("dcgan", "digits", out=home / "run", examples=32, critic_width=4, **tiny)
    (home / "photos").mkdir()
    (home / "pairs").mkdir()
    for number in range(8):
        Image.effect_noise((64, 64), 60 + number).convert("RGB").save(home / "photos" / f"{number}.png")
        Image.effect_noise((32, 16), 60 + number).convert("RGB").save(home / "pairs" / f"{number}.png")
    pairs = f"paired:{home / 'pairs'}"
    saddlepoint.train("pix2pix", pairs, out=home / "translator", examples=2, halvings=1, critic_width=4, **tiny)
    return home


@contextmanager
def short_files() -> Iterator[None]:
    """No file may become longer than `LONGEST`: every writer meets it, whatever it is written in."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LONGEST, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def contents(home: Path) -> dict[Path, bytes]:
    """Every file, but those that only grow."""
    return {
        path: path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and "tensorboard" not in path.parts and path.name != "log.jsonl"
    }


def words_of(what: str, home: Path, out: Path) -> list[str]:
    places = {"run": home / "run", "translator": home / "translator", "out": out}
    places |= {"photo": home / "photos" / "0.png", "photos": home / "photos"}
    return [word.format_map({name: str(path) for name, path in places.items()}) for word in WRITERS[what]]


def told(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says that fails."""
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code not in (0, None)
    return capsys.readouterr().err


def check(said: str, before: dict[Path, bytes], home: Path) -> None:
    last = said.strip().splitlines()[-1]
    assert last.startswith("saddle ")
    assert "Traceback" not in said
    assert ".saddle-" not in said  # nobody knows passing names
    after = contents(home)
    assert {path: after.get(path) for path in before} == before
    assert not list(home.rglob(".saddle-*"))


@pytest.mark.parametrize("what", WRITERS)
def test_a_disk_that_takes_no_more(
    what: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SADDLEPOINT_CACHE", str(tmp_path / "cache"))
    before = contents(home)
    with short_files():
        said = told(words_of(what, home, tmp_path / "out"), capsys)
    check(said, before, home)


@pytest.mark.parametrize(("what", "code"), [(what, FAULTS[number % 3]) for number, what in enumerate(WRITERS)])
def test_a_disk_that_fails_when_the_file_gets_its_name(
    what: str,
    code: int,
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(path: Path, target: Path) -> Path:
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setenv("SADDLEPOINT_CACHE", str(tmp_path / "cache"))
    before = contents(home)
    for name in ("replace", "rename"):
        monkeypatch.setattr(Path, name, fails)
    said = told(words_of(what, home, tmp_path / "out"), capsys)
    monkeypatch.undo()
    check(said, before, home)
    assert ("full" if code == errno.ENOSPC else os.strerror(code)) in said
