"""A zip of images: as the folder it was made of, and harmless whatever its entries are called."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from small_images import picture, saved

from saddlepoint.data.sources import archive
from saddlepoint.errors import DataError


def zipped(path: Path, entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as made:
        for name, data in entries.items():
            made.writestr(name, data)
    return path


def png(seed: int = 0) -> bytes:
    stream = io.BytesIO()
    picture(seed).save(stream, "PNG")
    return stream.getvalue()


def test_a_zip_gives_the_same_data_as_its_folder(folder, tmp_path, opened):
    entries = {name: png(seed) for seed, name in enumerate(["cat/2.png", "cat/1.png", "dog/1.png"])}
    for name, data in entries.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    loose, packed = opened(data=str(folder)), opened(data=str(zipped(tmp_path / "a.zip", entries)))
    assert packed.fingerprint == loose.fingerprint
    assert packed.classes == loose.classes == ("cat", "dog")
    np.testing.assert_array_equal(packed.images, loose.images)


def test_names_that_climb_out_write_nothing_and_are_read_as_plain_names(tmp_path, opened):
    path = zipped(tmp_path / "a.zip", {"../../evil.png": png(), "/etc/passwd.png": png(1), "C:\\x\\y.png": png(2)})
    before = sorted(tmp_path.parent.rglob("*.png"))
    with pytest.raises(DataError, match="mixes 1 loose image with class folders"):
        opened(data=str(path))
    assert sorted(tmp_path.parent.rglob("*.png")) == before
    assert len(opened(data=str(zipped(tmp_path / "b.zip", {"../a.png": png(), "../../b.png": png(1)})))) == 2


def test_what_macos_adds_to_a_zip_is_passed_over(tmp_path, opened):
    path = zipped(tmp_path / "a.zip", {"set/a.png": png(), "__MACOSX/set/._a.png": b"marks", "set/.DS_Store": b""})
    data = opened(data=str(path))
    assert (len(data), data.skipped) == (1, ())


def test_an_entry_that_unpacks_to_too_much_is_skipped_without_unpacking(tmp_path, opened, monkeypatch):
    monkeypatch.setattr(archive, "MOST_BYTES", 10_000)
    path = zipped(tmp_path / "a.zip", {"a.png": png(), "bomb.png": b"\0" * 1_000_000})
    data = opened(data=str(path))
    assert len(data) == 1
    assert "unpacks to" in dict(data.skipped)["bomb.png"]


def test_a_damaged_entry_is_skipped_and_named(tmp_path, opened):
    path = zipped(tmp_path / "a.zip", {"a.png": png(), "b.png": png(1)}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.index(png(1)) + 60] ^= 255  # the checksum of the entry no longer holds
    path.write_bytes(data)
    opened_data = opened(data=str(path))
    assert len(opened_data) == 1
    assert opened_data.skipped[0][0] == "b.png"


def test_a_zip_that_is_cut_short_or_none_is_refused(tmp_path, opened):
    path = zipped(tmp_path / "a.zip", {"a.png": png()})
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="not a whole zip file"):
        opened(data=str(path))


def test_a_zip_without_images_is_refused(tmp_path, opened):
    with pytest.raises(DataError, match="holds no image"):
        opened(data=str(zipped(tmp_path / "a.zip", {"a.txt": b"words"})))


def test_a_changed_zip_is_packed_anew(tmp_path, opened):
    path = zipped(tmp_path / "a.zip", {"a.png": png()})
    first = opened(data=str(path)).fingerprint
    zipped(path, {"a.png": png(5), "b.png": png(6)})
    assert opened(data=str(path)).fingerprint != first


def test_a_zip_beside_an_equal_folder_keeps_its_own_pack(folder, tmp_path, opened):
    saved(folder / "a.png")
    opened(data=str(folder))
    opened(data=str(zipped(tmp_path / "a.zip", {"a.png": png()})))
    assert len(list((tmp_path / "cache" / "packs").glob("*/facts.json"))) == 2


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_whose_name_comes_twice_is_named_and_the_last_one_counts(tmp_path, opened):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        for seed, name in enumerate(("a.png", "b.png", "a.png", "../b.png")):
            made.writestr(name, png(seed))
    data = opened(data=str(tmp_path / "a.zip"))
    assert data.skipped == tuple((name, "a later entry of the zip has the same name") for name in ("a.png", "b.png"))
    np.testing.assert_array_equal(data.images[0], np.asarray(picture(2)).transpose(2, 0, 1))


def test_what_systems_leave_in_a_zip_is_passed_over_and_said(tmp_path, opened):
    names = ("cat/a.png", "dog/b.png", "@eaDir/c.png", "$RECYCLE.BIN/d.png", "cat/Thumbs.db")
    data = opened(data=str(zipped(tmp_path / "a.zip", {name: png(seed) for seed, name in enumerate(names)})))
    assert data.classes == ("cat", "dog")
    assert data.notes == ("2 folders of a system or a tool not entered ($RECYCLE.BIN, @eaDir)",)
