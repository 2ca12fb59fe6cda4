"""Where commands write: new names, free names, together or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from saddlepoint.deploy.destination import Destination, chosen
from saddlepoint.errors import ConfigError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def written(target: Destination, text: str = "new") -> Path:
    with target as (path,):
        path.write_text(text)
    return target.path


def test_a_named_file_that_is_there_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "one.png"
    assert written(chosen(path, Path("unused"))) == path
    with pytest.raises(ConfigError, match=r"one\.png is there already: choose another --out"):
        chosen(path, Path("unused"))
    assert path.read_text() == "new"


@pytest.mark.parametrize("link", ["symbolic", "hard", "itself"])
def test_an_output_that_is_an_input_under_another_name_is_refused(tmp_path: Path, link: str) -> None:
    photo, other = tmp_path / "photo.jpg", tmp_path / "other.jpg"
    photo.write_text("photo")
    if link == "symbolic":
        other.symlink_to(photo)
    elif link == "hard":
        os.link(photo, other)
    else:
        other = tmp_path / "." / "deep" / ".." / "photo.jpg"
        (tmp_path / "deep").mkdir()
    with pytest.raises(ConfigError, match="is read, and would be written over: choose another OUT"):
        Destination(other, named=True, inputs=[photo], option="OUT")


def test_a_link_to_nothing_counts_as_there(tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(tmp_path / "nothing.png")
    with pytest.raises(ConfigError, match="is there already"):
        chosen(tmp_path / "link.png", Path("unused"))
    assert written(Destination(tmp_path / "link.png", named=False)).name == "link-2.png"


def test_a_name_that_is_not_the_users_is_made_free_by_a_number(tmp_path: Path) -> None:
    default = tmp_path / "new" / "seed-0.png"
    assert [written(chosen(None, default)).name for _ in range(3)] == ["seed-0.png", "seed-0-2.png", "seed-0-3.png"]


def test_files_that_belong_together_get_one_number(tmp_path: Path) -> None:
    targets = tmp_path / "codes.safetensors", tmp_path / "codes.png"
    targets[1].write_text("earlier")
    group = Destination(*targets, named=False)
    with group as paths:
        for path in paths:
            path.write_text("new")
    assert [path.name for path in group.paths] == ["codes-2.safetensors", "codes-2.png"]
    assert names(tmp_path) == ["codes-2.png", "codes-2.safetensors", "codes.png"]


def test_what_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail() -> None:
        folder = tmp_path / "a" / "b"
        with Destination(folder / "one.png", folder / "two.png", named=True) as (first, _):
            first.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert names(tmp_path) == []


def test_a_name_that_another_program_takes_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "one.png"

    def race() -> None:
        with chosen(path, path) as (half,):
            half.write_text("new")
            path.write_text("theirs")

    with pytest.raises(ConfigError, match="made by another program meanwhile"):
        race()
    assert path.read_text() == "theirs"
    assert names(tmp_path) == ["one.png"]
    free = chosen(None, tmp_path / "two.png")
    with free as (half,):
        half.write_text("new")
        (tmp_path / "two.png").write_text("theirs")
    assert free.path.name == "two-2.png"


def test_without_hard_links_files_are_renamed_and_nothing_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*paths: object) -> None:
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(os, "link", none)
    assert [written(chosen(None, tmp_path / "one.png")).name for _ in range(2)] == ["one.png", "one-2.png"]
    assert names(tmp_path) == ["one-2.png", "one.png"]


def test_a_folder_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    def folder(named: bool) -> Path:
        target = Destination(tmp_path / "model", named=named, folders=True)
        with target as (half,):
            (half / "weights").write_text("new")
            assert not (tmp_path / "model" / "weights").exists() or not named
        return target.path

    (tmp_path / "model").mkdir()  # empty: as good as none
    assert folder(named=True) == tmp_path / "model"
    with pytest.raises(ConfigError, match="model is there already"):
        folder(named=True)
    assert folder(named=False).name == "model-2"
    assert names(tmp_path / "model-2") == ["weights"]


def test_a_file_is_not_named_as_a_folder_nor_a_folder_within_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a folder: name a file in it by --out"):
        chosen(tmp_path, Path("unused"))
    with pytest.raises(ConfigError, match="file is a file, so nothing can be written into it"):
        chosen(tmp_path / "file" / "deep" / "one.png", Path("unused"))


def test_the_longest_name_that_the_disk_takes_can_be_written(tmp_path: Path) -> None:
    assert written(chosen(tmp_path / f"{'n' * 251}.png", Path("unused"))).exists()


def test_earlier_results_are_set_aside_where_the_newest_must_have_the_name(tmp_path: Path) -> None:
    for text in ("first", "second", "third"):
        target = Destination(tmp_path / "evaluation.json", named=False, aside=True)
        written(target, text)
    assert target.earlier == [tmp_path / "evaluation-3.json"]
    assert {name: (tmp_path / name).read_text() for name in names(tmp_path)} == {
        "evaluation.json": "third", "evaluation-2.json": "first", "evaluation-3.json": "second"
    }  # fmt: skip
