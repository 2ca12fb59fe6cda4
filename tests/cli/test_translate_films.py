"""`saddle translate` of films: frame by frame by a model of images, as a whole by one of clips."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from command import saddle
from PIL import Image

import saddlepoint
from saddlepoint.data.open import open_data
from saddlepoint.data.sources.films import film_frames
from saddlepoint.deploy.translate_film import translate_clips, translate_frames
from saddlepoint.deploy.work_on_file import Translation, in_windows
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.report.motion import save_motion

SMALL = {"images": 8, "batch": 4, "grid_size": 4}


@pytest.fixture(scope="module")
def of_images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A denoiser of 8x8 pixels."""
    small = {"width": 4, "layers": 3, "resolution": 8, **SMALL}
    return saddlepoint.train("dncnn", "noise:world:shapes", out=tmp_path_factory.mktemp("runs") / "run", **small).folder


@pytest.fixture(scope="module")
def of_clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vid2vid that makes noisy clips of 4 frames of 16x16 pixels clean."""
    small = {"width": 4, "halvings": 1, "blocks": 1, "critic_width": 4, "scales": 1, "window": 4, "resolution": 16}
    out = tmp_path_factory.mktemp("runs") / "run"
    return saddlepoint.train("vid2vid", "noise40:world:clips", out=out, **small, **SMALL).folder


def film(path: Path, frames: int = 11, size: tuple[int, int] = (18, 14)) -> Path:
    save_motion(pictures(frames, size), path, 20)
    return path


def pictures(frames: int = 11, size: tuple[int, int] = (18, 14)) -> list[Image.Image]:
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), np.uint8)) for _ in range(frames)]


def shown(path: Path) -> list[Image.Image]:
    return [frame for frame, _ in film_frames(path)]


@pytest.mark.parametrize("side", [8, 20])
def test_a_model_of_images_makes_each_frame_by_itself(of_images, side):
    how = Translation(model=saddlepoint.load(of_images))
    given = pictures(5, (side, side))
    parts = list(translate_frames(given, how, 3))
    assert [len(part) for part in parts] == [3, 2]
    for before, after in zip(given, itertools.chain.from_iterable(parts), strict=True):
        alone = in_windows(before, how.work, how.side)
        np.testing.assert_array_equal(np.asarray(after), np.asarray(alone))


def test_films_keep_their_size_and_may_be_larger_than_a_window(of_images, of_clips, tmp_path, capsys):
    given = film(tmp_path / "in.mp4")
    for run in (of_images, of_clips):
        saddle(capsys, "translate", run, given, tmp_path / f"{run.parent.name}.mp4")
        made = shown(tmp_path / f"{run.parent.name}.mp4")
        assert [len(made), made[0].size] == [11, (18, 14)]
    saddle(capsys, "translate", of_clips, given, tmp_path / "folder")
    assert (tmp_path / "folder" / "in.mp4").is_file()


def test_parts_of_a_film_are_worked_on_after_what_lies_before_them(of_clips):
    model = saddlepoint.load(of_clips)
    frames = pictures(11, (16, 16))
    parts = list(translate_clips(frames, model))
    assert [len(part) for part in parts] == [8, 3]
    stored = pixels(torch.from_numpy(np.stack([np.array(frame) for frame in frames]).transpose(0, 3, 1, 2)))[None]
    second = to_uint8(model.translate(stored[:, 4:]).as_subclass(torch.Tensor)[0, 4:]).numpy()
    for frame, right in zip(parts[1], second, strict=True):
        np.testing.assert_array_equal(np.asarray(frame).transpose(2, 0, 1), right)


def test_what_films_do_not_go_with_is_said(of_images, of_clips, tmp_path, capsys):
    given, picture = film(tmp_path / "in.gif"), tmp_path / "one.png"
    Image.new("RGB", (16, 16)).save(picture)
    (tmp_path / "bad.mp4").write_bytes(b"no film")
    wrong = [
        ((of_clips, picture, tmp_path / "a.png"), "makes films of films"),
        ((of_clips, tmp_path, tmp_path / "a.mp4"), "makes films of films"),
        ((of_clips, given, tmp_path / "a.mp4", "--window", 16, "--sharpen", 0.5), "leave out --window, --sharpen"),
        ((of_clips, given, tmp_path / "a.png"), "must end with .gif or .mp4"),
        ((of_images, tmp_path / "bad.mp4", tmp_path / "a.mp4"), "it is no film"),
        ((of_images, tmp_path / "none.mp4", tmp_path / "a.mp4"), "there is no"),
        ((of_images, given, given), "in.gif"),
    ]
    for words, sentence in wrong:
        assert sentence in saddle(capsys, "translate", *words, code=2), words
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.mp4", "in.gif", "one.png"]


def test_a_gif_is_one_image_where_an_image_is_asked_for(of_images, tmp_path, capsys):
    saddle(capsys, "translate", of_images, film(tmp_path / "in.gif"), tmp_path / "out.png")
    assert Image.open(tmp_path / "out.png").size == (18, 14)


def test_clips_are_degraded_frame_by_frame() -> None:
    noisy, clean = (open_data(word, resolution=16, window=3) for word in ("noise25:world:clips", "world:clips"))
    assert noisy.kinds["source"] == noisy.kinds["target"] == clean.main
    np.testing.assert_array_equal(noisy.fields["target"], clean.examples)
    difference = noisy.fields["source"][0].astype(float) - clean.examples[0]
    assert 10 < difference.std() < 26
    assert not np.array_equal(difference[0], difference[1])
