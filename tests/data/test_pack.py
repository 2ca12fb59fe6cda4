"""The pack: made once, whole or not at all, mapped from disk, and its fingerprint is of what it holds."""

from __future__ import annotations

import dataclasses
import errno
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from small_images import picture, saved

from saddlepoint.data import pack as packing
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.folder import folder_pictures
from saddlepoint.data.sources.pictures import ArrayPictures, FilePictures
from saddlepoint.errors import DataError


@pytest.fixture
def decoded(monkeypatch) -> list[int]:
    """Rows that were decoded, as they are."""
    rows: list[int] = []
    really = FilePictures.picture

    def noted(self, index, least, longest):
        rows.append(index)
        return really(self, index, least, longest)

    monkeypatch.setattr(FilePictures, "picture", noted)
    return rows


def packs(tmp_path: Path) -> list[Path]:
    return sorted(path for path in (tmp_path / "cache" / "packs").iterdir() if path.suffix != ".lock")


def test_a_second_open_decodes_nothing_and_maps_the_same_pixels(folder, opened, decoded):
    for number in range(5):
        saved(folder / f"{number}.png", picture(number))
    first = opened(data=str(folder))
    assert sorted(decoded) == [0, 1, 2, 3, 4]
    second = opened(data=str(folder))
    assert len(decoded) == 5
    assert isinstance(second.images, np.memmap)
    assert not second.images.flags.writeable
    np.testing.assert_array_equal(first.images, second.images)
    assert dataclasses.replace(first, fields={"image": np.zeros(1)}) == dataclasses.replace(
        second, fields={"image": np.zeros(1)}
    )


def test_a_changed_file_a_new_file_and_other_settings_are_packed_anew(folder, opened, decoded):
    path = saved(folder / "a.png")
    opened(data=str(folder))
    stamp = path.stat().st_mtime_ns
    os.utime(path, ns=(stamp, stamp + 1))
    opened(data=str(folder))
    saved(folder / "b.png")
    opened(data=str(folder))
    opened(data=str(folder), resolution=8)
    opened(data=str(folder), resolution=8, resize="pad")
    opened(data=str(folder), resolution=8, channels=1)
    assert len(decoded) == 1 + 1 + 2 + 2 + 2 + 2


def test_the_fingerprint_is_of_pixels_labels_and_order(folder, tmp_path, opened):
    saved(folder / "a" / "1.png", picture(1))
    saved(folder / "b" / "2.png", picture(2))
    here = opened(data=str(folder)).fingerprint
    moved = shutil.copytree(folder, tmp_path / "moved")
    assert opened(data=str(moved)).fingerprint == here
    (moved / "b" / "2.png").rename(moved / "a" / "2.png")
    assert opened(data=str(moved)).fingerprint != here
    shutil.copy(folder / "a" / "1.png", folder / "b" / "2.png")
    assert opened(data=str(folder)).fingerprint != here


def test_a_pack_and_an_array_of_the_same_pixels_have_the_same_fingerprint(folder, tmp_path):
    for number in range(3):
        saved(folder / f"{number}.png", picture(number))
    settings = DataSettings(cache=tmp_path / "cache")
    packed = packing.pack(folder_pictures(folder, "folder"), settings)
    whole = packing.pack(ArrayPictures(source="array", pixels=np.array(packed.images)), settings)
    assert whole.fingerprint == packed.fingerprint


def test_damaged_images_leave_a_file_of_the_right_length(folder, opened):
    for number in range(12):
        saved(folder / f"{number:02}.jpg", picture(number, size=(32, 32)))
    for number in (0, 5, 11):
        path = folder / f"{number:02}.jpg"
        path.write_bytes(path.read_bytes()[:-200])
    data = opened(data=str(folder))
    assert data.images.shape == (9, 3, 32, 32)
    assert [name for name, _ in data.skipped] == ["00.jpg", "05.jpg", "11.jpg"]


def test_many_threads_and_windows_keep_the_order(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "_WINDOW", 4)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    pixels = np.random.default_rng(0).integers(0, 256, (50, 1, 4, 6), dtype=np.uint8)
    data = packing.pack(ArrayPictures(source="a", pixels=pixels), DataSettings(cache=tmp_path))
    np.testing.assert_array_equal(data.images, pixels[:, :, :, 1:5])


@pytest.mark.parametrize("end", [KeyboardInterrupt, MemoryError])
def test_an_interrupted_packing_leaves_nothing_behind(folder, tmp_path, opened, monkeypatch, end):
    saved(folder / "a.png")

    def stop(*_: object) -> None:
        raise end

    with monkeypatch.context() as patched:
        patched.setattr(packing, "settle", stop)
        with pytest.raises(end):
            opened(data=str(folder))
    assert packs(tmp_path) == []
    assert len(opened(data=str(folder))) == 1


def test_the_rest_of_a_killed_packing_is_cleared_away(folder, tmp_path, opened):
    saved(folder / "a.png")
    opened(data=str(folder))
    (whole,) = packs(tmp_path)
    whole.rename(whole.with_suffix(".part"))  # as if killed just before the end
    assert len(opened(data=str(folder))) == 1
    assert packs(tmp_path) == [whole]


def test_a_disk_that_fills_up_is_one_sentence_and_nothing_half_written(folder, tmp_path, opened, monkeypatch):
    saved(folder / "a.png")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(packing, "settle", full)
    with pytest.raises(
        DataError, match=r"the disk of .* is full: make room there, or name another folder with --cache"
    ):
        opened(data=str(folder))
    assert packs(tmp_path) == []


def test_a_pack_that_cannot_fit_is_refused_before_it_is_begun(folder, tmp_path, opened):
    saved(folder / "a.png")
    with pytest.raises(DataError, match=r"packing needs [\d,]+ MB in .* are free"):
        opened(data=str(folder), resolution=900_000)
    assert packs(tmp_path) == []


def test_a_cache_that_cannot_be_written_is_one_sentence(folder, tmp_path, opened):
    saved(folder / "a.png")
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"cannot be written .*--cache"):
        opened(data=str(folder))


def test_a_damaged_pack_is_named_and_not_mended_in_silence(folder, tmp_path, opened):
    saved(folder / "a.png")
    opened(data=str(folder))
    (whole,) = packs(tmp_path)
    with (whole / "image.npy").open("r+b") as file:
        file.truncate(200)
    with pytest.raises(DataError, match=r"is damaged .*: delete that folder"):
        opened(data=str(folder))


def test_two_openers_at_once_decode_once_and_agree(folder, opened, decoded):
    for number in range(20):
        saved(folder / f"{number}.png", picture(number))
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda _: opened(data=str(folder)), range(4)))
    assert len(decoded) == 20
    assert len({data.fingerprint for data in seen}) == 1


def test_progress_is_said_in_sentences(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "_QUIET", 0.0)
    saved(folder / "a.png")
    said: list[str] = []
    packing.pack(folder_pictures(folder, "folder"), DataSettings(cache=tmp_path), said.append)
    assert said == ["looking at 1 image: 1 done (100 %)", "packing 1 image: 1 done (100 %)"]


def test_the_cache_is_named_by_the_setting_else_by_the_environment(folder, tmp_path, monkeypatch):
    saved(folder / "a.png")
    monkeypatch.setenv("SADDLEPOINT_CACHE", str(tmp_path / "from-environment"))
    packing.pack(folder_pictures(folder, "folder"), DataSettings())
    assert (tmp_path / "from-environment" / "packs").is_dir()
