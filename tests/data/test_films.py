"""Clips from films and folders of frames: what is read, and that bad files are left out and named."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from saddlepoint.data.batches import ClipBatch
from saddlepoint.data.loader import Loader
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.kinds.clip import Clip

CLIP = Clip(10, 1, 64, 64, 8.0)


def film(path: Path, clip: Clip = CLIP) -> None:
    clip.write(clip.example(1, 0)[0], path, {})


def frames(folder: Path, count: int = 10, side: int = 64, mode: str = "L") -> None:
    folder.mkdir(parents=True)
    for number in range(count):  # 1, 2, ... 10: the order is by value
        Image.new(mode, (side, side), number * 10 if mode == "L" else (number, 0, 255)).save(folder / f"{number}.png")


def test_films_gifs_and_folders_of_frames_are_cut_into_clips(folder, opened):
    film(folder / "a.mp4")
    film(folder / "b.gif")
    data = opened(data=f"clips:{folder}", window=4)
    assert data.skipped == ()
    assert data.fields["clip"].shape == (4, 4, 1, 64, 64)
    assert data.main.rate > 0
    difference = np.abs(np.asarray(data.fields["clip"][0], float) - np.asarray(data.fields["clip"][2], float))
    assert difference.mean() < 4  # the same film, compressed in two ways
    batch = Loader(data, ClipBatch, np.arange(4), flip=True).read(0, 2).tensors()["clip"]
    assert batch.shape == (2, 4, 1, 64, 64)
    assert batch.min() >= -1
    (folder / "a.mp4").unlink(), (folder / "b.gif").unlink()
    frames(folder / "walk/one"), frames(folder / "run/two")
    data = opened(data=f"clips:{folder}", window=5)
    assert (data.classes, data.labels.tolist()) == (("run", "walk"), [0, 0, 1, 1])
    assert np.asarray(data.fields["clip"])[0, :, 0, 0, 0].tolist() == [0, 10, 20, 30, 40]
    assert np.asarray(data.fields["clip"])[1, :, 0, 0, 0].tolist() == [50, 60, 70, 80, 90]


def test_clips_are_brought_to_a_size_and_to_channels(folder, opened):
    frames(folder / "a", side=64), frames(folder / "b", side=32, mode="RGB")
    with pytest.raises(DataError, match=r"differ in size .*say --resolution N"):
        opened(data=f"clips:{folder}", window=5)
    data = opened(data=f"clips:{folder}", window=5, resolution=16)
    assert data.main == Clip(5, 3, 16, 16)
    assert opened(data=f"clips:{folder}", window=5, resolution="24x16", channels=1).main == Clip(5, 1, 16, 24)


def test_a_zip_of_films_is_read_in_place(tmp_path, opened):
    film(tmp_path / "a.gif")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.gif", "../../../a.gif")
    assert len(opened(data=f"clips:{tmp_path}/a.zip", window=5)) == 2


def gif(size: tuple[int, int], count: int = 1) -> bytes:
    stream = io.BytesIO()
    tones = [Image.new("L", size, number) for number in range(count)]
    tones[0].save(stream, "GIF", save_all=True, append_images=tones[1:])
    return stream.getvalue()


def with_sides(content: bytes, width: int, height: int) -> bytes:
    return content[:6] + width.to_bytes(2, "little") + height.to_bytes(2, "little") + content[10:]


def test_bad_films_are_left_out_and_named_within_bounded_memory(folder, opened):
    film(folder / "good.mp4"), film(folder / "good.gif")
    whole, moving = (folder / "good.mp4").read_bytes(), (folder / "good.gif").read_bytes()
    bad = {
        "empty.mp4": (b"", "is no film that can be read"),
        "empty.gif": (b"", "is not a GIF"),
        "text.mp4": (b"no film at all " * 20, "is no film that can be read"),
        "text.gif": (b"no picture", "is not a GIF"),
        "image.mp4": (b"\x89PNG\r\n\x1a\n" + bytes(64), "is damaged: Invalid data"),
        "cut.mp4": (whole[: len(whole) // 2], "film"),
        "head.mp4": (whole[:40], "film"),
        "cut.gif": (moving[:40], ""),
        "short.gif": (gif((64, 64), 2), "has fewer than 4 frames"),
        "still.gif": (gif((64, 64)), "has fewer than 4 frames"),
        "huge.gif": (with_sides(gif((64, 64)), 65535, 65535), "more than 100 megapixels"),
        "zero.gif": (with_sides(gif((64, 64)), 0, 0), ""),
        "list.avi": (b"RIFF\xff\xff\xff\xffAVI LIST" + bytes(40), "film"),
    }
    for name, (content, _) in bad.items():
        (folder / name).write_bytes(content)
    tracemalloc.start()
    data = opened(data=f"clips:{folder}", window=4, resolution=64)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    reasons = dict(data.skipped)
    assert reasons.keys() == bad.keys()
    for name, (_, words) in bad.items():
        assert words in reasons[name], (name, reasons[name])
    assert len(data) == 4
    assert peak < 100 * 2**20


def test_a_damaged_frame_and_a_film_without_one_are_named(folder, opened):
    frames(folder / "a"), frames(folder / "b")
    (folder / "b/7.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_bytes(b"x")
    data = opened(data=f"clips:{folder}", window=5)
    assert len(data) == 3
    assert dict(data.skipped) == {"b": "not an image of a known kind, after 1 clip"}


def test_what_holds_no_film_is_refused_in_a_sentence(folder, opened):
    with pytest.raises(DataError, match="holds no file of a kind that is read"):
        opened(data=f"clips:{folder}")
    (folder / "a.gif").write_bytes(gif((64, 64)))
    with pytest.raises(DataError, match=r"none of the 1 film of .* is usable; a.gif: has fewer than 16 frames"):
        opened(data=f"clips:{folder}")
    with pytest.raises(ConfigError, match="must name a file, a folder or a zip"):
        opened(data=f"clips:{folder}/none")


def test_a_clip_is_written_as_it_moves(tmp_path):
    film(tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as moving:
        assert moving.n_frames > 1
    values = CLIP.example(3, 1)
    CLIP.write_sheet(values, tmp_path / "all.gif", {"a": "b"})
    assert (tmp_path / "all.gif").stat().st_size
    assert torch.equal(values, CLIP.example(3, 1))
