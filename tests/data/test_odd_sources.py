"""Odd ways to name or pack images: each is read for what it is, or refused in a sentence that names the mend."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from small_images import picture, saved

from saddlepoint.data.open import open_data
from saddlepoint.errors import ConfigError, DataError


def png(seed: int = 0) -> bytes:
    stream = io.BytesIO()
    picture(seed).save(stream, "PNG")
    return stream.getvalue()


def four(folder: Path) -> Path:
    for seed in range(4):
        saved(folder / f"{seed}.png", picture(seed))
    return folder


def opened(source: object, tmp_path: Path, **settings: Any) -> Any:
    return open_data(str(source), cache=str(tmp_path / "cache"), **settings)


def test_the_home_of_nobody_is_a_name_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is called '~nobody-at-all/photos'"):
        opened("~nobody-at-all/photos", tmp_path)
    with pytest.raises(ConfigError, match="is called"):
        opened("unpaired:~nobody-at-all/a,~nobody-at-all/b", tmp_path)


def test_a_zip_without_its_ending_is_read_and_a_tar_is_to_be_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "download", "w") as archive:
        archive.writestr("a.png", png())
    assert len(opened(tmp_path / "download", tmp_path)) == 1
    import tarfile

    with tarfile.open(tmp_path / "images.tar.gz", "w:gz") as packed:
        packed.add(four(tmp_path / "some"), "some")
    with pytest.raises(DataError, match="unpack it, and give the folder"):
        opened(tmp_path / "images.tar.gz", tmp_path)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_damaged_entry_is_left_out_however_it_is_packed(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr("a.png", png(0))
        archive.writestr("b.png", png(1))
    content = bytearray((tmp_path / "a.zip").read_bytes())
    for place in range(40, 60):  # in the packed bytes of a.png
        content[place] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(content)
    data = opened(tmp_path / "a.zip", tmp_path)
    assert len(data) == 1
    assert data.skipped[0][0] == "a.png"


def test_the_folder_of_a_run_is_no_data(tmp_path: Path) -> None:
    four(tmp_path / "run" / "samples")
    (tmp_path / "run" / "run.json").write_text("{}")
    with pytest.raises(DataError, match="is the folder of a run"):
        opened(tmp_path / "run", tmp_path)


def test_that_one_folder_stands_for_both_is_said_however_it_is_written(tmp_path: Path) -> None:
    folder = four(tmp_path / "a")
    (tmp_path / "link").symlink_to(folder)
    for other in (folder, f"{folder}/", tmp_path / "b" / ".." / "a", tmp_path / "link"):
        (tmp_path / "b").mkdir(exist_ok=True)
        for kind in ("unpaired", "paired"):
            assert any("names one place twice" in note for note in opened(f"{kind}:{folder},{other}", tmp_path).notes)


TABLES = {
    "names of columns in capitals": ("File_Name,LABEL\n0.png,a\n1.png,b\n2.png,a\n3.png,b\n", ("a", "b"), ""),
    "numbered parts": (
        "file_name,label,split\n0.png,a,0\n1.png,b,1\n2.png,a,2\n3.png,b,0\n",
        ("a", "b"),
        "are none of train, validation and test: all are taken",
    ),
    "empty cells as pandas writes them": (
        "file_name,label\n0.png,nan\n1.png,b\n2.png,a\n3.png,b\n",
        ("a", "b", "nan"),
        "nan counts as a class: leave the cell empty where there is none",
    ),
}


@pytest.mark.parametrize("table", TABLES)
def test_what_a_table_says_is_taken_or_told(tmp_path: Path, table: str) -> None:
    text, classes, note = TABLES[table]
    (four(tmp_path / "a") / "metadata.csv").write_text(text)
    data = opened(tmp_path / "a", tmp_path)
    assert data.classes == classes
    assert any(note in each for each in data.notes)


def test_not_a_number_in_json_is_no_class(tmp_path: Path) -> None:
    rows = [{"file_name": f"{seed}.png", "label": float("nan") if seed == 3 else "a"} for seed in range(4)]
    (four(tmp_path / "a") / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    data = opened(tmp_path / "a", tmp_path)
    assert (len(data), data.skipped) == (3, (("3.png", "has no class in metadata.jsonl"),))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("metadata.csv", "file_name,label\n", "metadata.csv has no rows: add one for each image"),
        ("metadata.jsonl", '{"file_name": "0.png", "label": 1e999}\n', "gives the class 'inf'"),
        ("attributes.csv", "file,red,red\n0.png,1,0\n", "has the column 'red' twice: keep one"),
        ("attributes.csv", "file, red , red\n0.png,1,0\n", "has the column 'red' twice: keep one"),
        ("attributes.csv", "file,red,\n0.png,1,0\n", "has a column without a name"),
    ],
)
def test_a_table_with_a_fault_is_refused_with_its_mend(tmp_path: Path, name: str, text: str, words: str) -> None:
    (four(tmp_path / "a") / name).write_text(text)
    with pytest.raises(DataError, match=words):
        opened(tmp_path / "a", tmp_path)


@pytest.mark.parametrize("name", ["list_eval_partition.txt", "labels.xlsx", "annotations.xml", "split.json"])
def test_a_description_that_is_not_read_is_said(tmp_path: Path, name: str) -> None:
    (four(tmp_path / "a") / name).write_text("0.png 0\n")
    assert any(f"{name} is not read" in note for note in opened(tmp_path / "a", tmp_path).notes)


def test_a_readme_is_no_description(tmp_path: Path) -> None:
    (four(tmp_path / "a") / "README.txt").write_text("hello")
    assert not any("is not read" in note for note in opened(tmp_path / "a", tmp_path).notes)
