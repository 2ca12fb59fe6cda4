"""`saddle translate`: files and folders, each image at its own size and under its own name."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from command import saddle
from PIL import Image

import saddlepoint
from saddlepoint.data.sources import decode
from saddlepoint.deploy import metadata
from saddlepoint.errors import CapabilityError
from saddlepoint.kinds.pixels import pixels, to_uint8


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pix2pix trained for two steps on pairs of 16x16."""
    root, rng = tmp_path_factory.mktemp("pairs"), np.random.default_rng(0)
    for index in range(20):
        Image.fromarray(rng.integers(0, 256, (16, 32, 3), np.uint8)).save(root / f"{index}.png")
    small = {"generator_width": 4, "critic_width": 4, "halvings": 1, "images": 8, "batch": 4, "grid_size": 9}
    return saddlepoint.train("pix2pix", f"paired:{root}", out=root / "run", cache=root / "cache", **small).folder


def photo(path: Path, size: tuple[int, int] = (16, 16)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(size[0])
    Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), np.uint8)).save(path)
    return path


def test_a_file_becomes_what_the_model_makes_of_it(run, tmp_path, capsys):
    given = photo(tmp_path / "one.png")
    assert str(tmp_path / "made.png") in saddle(capsys, "translate", run, given, tmp_path / "made.png", "--seed", "3")
    array = np.asarray(Image.open(given)).transpose(2, 0, 1).copy()
    made = saddlepoint.load(run).translate(pixels(torch.from_numpy(array)[None]), seed=3)
    shown = np.asarray(Image.open(tmp_path / "made.png")).transpose(2, 0, 1)
    np.testing.assert_array_equal(shown, to_uint8(made)[0].numpy())


def test_a_folder_keeps_its_names_and_sizes_and_names_what_it_skips(run, tmp_path, capsys):
    photo(tmp_path / "in/small.png", (7, 9))
    photo(tmp_path / "in/deep/large.jpg", (50, 23))
    photo(tmp_path / "in/moving.gif", (16, 16))
    (tmp_path / "in/bad.png").write_bytes(b"no image")
    (tmp_path / "in/words.txt").write_text("words")
    said = saddle(capsys, "translate", run, tmp_path / "in", tmp_path / "out")
    assert "bad.png: not an image of a known kind" in said
    assert "3 images in" in said
    assert "1 skipped" in said
    made = {path.relative_to(tmp_path / "out").as_posix(): path for path in (tmp_path / "out").rglob("*.*")}
    assert made.keys() == {"small.png", "deep/large.jpg", "moving.gif.png"}
    assert Image.open(made["small.png"]).size == (7, 9)
    assert Image.open(made["deep/large.jpg"]).size == (50, 23)


def test_an_image_can_be_brought_to_the_trained_side_instead(run, tmp_path, capsys):
    saddle(capsys, "translate", run, photo(tmp_path / "one.png", (50, 23)), tmp_path / "made.png", "--resize")
    assert Image.open(tmp_path / "made.png").size == (16, 16)


def test_windows_and_their_overlap_are_settings(run, tmp_path, capsys):
    given = photo(tmp_path / "one.png", (40, 40))
    for name, words in (("a", ()), ("b", ("--overlap", 8)), ("c", ("--window", 32))):
        saddle(capsys, "translate", run, given, tmp_path / f"{name}.png", *words)
    made = [np.asarray(Image.open(tmp_path / f"{name}.png")) for name in "abc"]
    assert (made[0] != made[1]).any()
    assert (made[0] != made[2]).any()


@pytest.mark.parametrize(("window", "mend"), [(30, 16), (-5, 16), (47, 32)])
def test_a_window_that_the_network_cannot_take_is_refused_with_the_nearest(run, tmp_path, capsys, window, mend):
    given = photo(tmp_path / "one.png", (60, 60))
    said = saddle(capsys, "translate", run, given, tmp_path / "a.png", "--window", window, code=2)
    assert f"use --window {mend}." in said
    saddle(capsys, "translate", run, given, tmp_path / "a.png", "--window", mend)


def test_an_image_of_too_many_pixels_to_hold_is_read_in_rows_and_becomes_the_same(run, tmp_path, capsys, monkeypatch):
    photo(tmp_path / "in/large.png", (50, 45))
    photo(tmp_path / "in/flat.png", (900, 9))
    photo(tmp_path / "in/small.png", (20, 20))
    saddle(capsys, "translate", run, tmp_path / "in", tmp_path / "whole")
    monkeypatch.setattr(decode, "MOST_PIXELS", 1000)
    said = saddle(capsys, "translate", run, tmp_path / "in", tmp_path / "rows")
    assert "flat.png: is large and still less than 16 pixels high or wide; use a smaller --window" in said
    assert "2 images in" in said
    for name in ("large.png", "small.png"):
        one, other = (np.asarray(Image.open(tmp_path / folder / name)) for folder in ("whole", "rows"))
        np.testing.assert_array_equal(one, other)
    assert "more than 0 megapixels" in saddle(
        capsys, "translate", run, tmp_path / "in/large.png", tmp_path / "out.png", "--resize", code=2
    )


def test_what_was_changed_says_so(run, tmp_path, capsys):
    saddle(capsys, "translate", run, photo(tmp_path / "one.png"), tmp_path / "made.png", "--seed", "3")
    with Image.open(tmp_path / "made.png") as picture:
        found = metadata.read(picture).disclosure
    assert found is not None
    assert (found.made, found.model, dict(found.settings)) == ("modified", "pix2pix", {"seed": 3})


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_image_is_never_written_over_by_what_becomes_of_it(run, tmp_path, capsys, monkeypatch):
    given = photo(tmp_path / "photo.png").read_bytes()
    monkeypatch.chdir(tmp_path)
    for number in (2, 3):
        assert saddle(capsys, "translate", run, "photo.png", ".").strip() == f"photo-{number}.png"
    assert contents(tmp_path).keys() == {"photo.png", "photo-2.png", "photo-3.png"}
    (tmp_path / "link.png").symlink_to("photo.png")
    (tmp_path / "hard.png").hardlink_to("photo.png")
    for out in ("link.png", "hard.png", "./photo.png"):
        assert "is read, and would be written over" in saddle(capsys, "translate", run, "photo.png", out, code=2)
    assert "photo-2.png is there already: choose another OUT" in saddle(
        capsys, "translate", run, "photo.png", "photo-2.png", code=2
    )
    assert (tmp_path / "photo.png").read_bytes() == given


def test_a_folder_translated_into_its_own_sub_folder_twice_is_the_same_images_twice(run, tmp_path, capsys):
    photo(tmp_path / "in/one.png")
    photo(tmp_path / "in/deep/two.bmp", (20, 20))
    before = contents(tmp_path / "in")
    saddle(capsys, "translate", run, tmp_path / "in", tmp_path / "in/out")
    said = saddle(capsys, "translate", run, tmp_path / "in", tmp_path / "in/out")
    assert "2 images left out: results of earlier calls" in said
    after = contents(tmp_path / "in")
    assert after.keys() - before.keys() == {"out/one.png", "out/one-2.png", "out/deep/two.bmp", "out/deep/two-2.bmp"}
    assert after["out/one.png"] == after["out/one-2.png"]
    assert all(after[name] == content for name, content in before.items())


def test_results_of_earlier_calls_are_no_inputs_unless_they_are_all_there_is(run, tmp_path, capsys):
    photo(tmp_path / "in/one.png")
    saddle(capsys, "translate", run, tmp_path / "in/one.png", tmp_path / "in/result.jpg")
    said = saddle(capsys, "translate", run, tmp_path / "in", tmp_path / "out")
    assert "1 image left out: results of earlier calls" in said
    assert contents(tmp_path / "out").keys() == {"one.png"}
    saddle(capsys, "translate", run, tmp_path / "out", tmp_path / "again")
    assert contents(tmp_path / "again").keys() == {"one.png"}


def test_two_images_whose_results_would_have_one_name_both_have_one(run, tmp_path, capsys):
    photo(tmp_path / "in/moving.gif")
    photo(tmp_path / "in/moving.gif.png")
    saddle(capsys, "translate", run, tmp_path / "in", tmp_path / "out")
    assert contents(tmp_path / "out").keys() == {"moving.gif.png", "moving.gif-2.png"}


def test_what_an_image_lost_on_its_way_is_said(run, tmp_path, capsys, monkeypatch):
    (tmp_path / "in").mkdir()
    deep = np.random.default_rng(0).integers(0, 65536, (40, 40)).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "in/deep.png")
    pages = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    pages[0].save(tmp_path / "in/pages.tif", save_all=True, append_images=pages[1:])
    Image.new("RGBA", (40, 40), (255, 0, 0, 128)).save(tmp_path / "in/clear.png")
    expected = {
        "1 image had 16 bits a channel: scaled to 8",
        "1 image had several frames or pages: the first was taken",
        "1 image had an alpha channel: laid on white",
        "1 image had grey only: repeated in three channels",
    }
    assert expected <= set(saddle(capsys, "translate", run, tmp_path / "in", tmp_path / "whole").splitlines())
    monkeypatch.setattr(decode, "MOST_PIXELS", 1000)
    assert expected <= set(saddle(capsys, "translate", run, tmp_path / "in", tmp_path / "rows").splitlines())


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("{}/one.png", "{}/one.png"), "would be written over"),
        (("{}/empty", "{}/empty"), "would be written over"),
        (("{}/empty", "{}/one.png"), "one.png is a file, and .*empty is a folder"),
        (("{}/nothing.png", "{}/out.png"), "there is no"),
        (("{}/empty", "{}/out"), "holds no image"),
        (("{}/bad.png", "{}/out.png"), "nothing was written; .*not an image of a known kind"),
        (("{}/one.png", "{}/out.png", "--from", "b"), "translates nothing from 'b'; it knows source to target"),
        (("{}/one.png", "{}/out.png", "--overlap", "16"), "can share 0 to 15"),
    ],
)
def test_what_cannot_be_done_is_said(run, tmp_path, capsys, words, text):
    photo(tmp_path / "one.png")
    (tmp_path / "bad.png").write_bytes(b"no image")
    (tmp_path / "empty").mkdir()
    assert re.search(text, saddle(capsys, "translate", run, *(word.format(tmp_path) for word in words), code=2))


def test_a_translator_draws_grids_and_names_its_verb(run):
    grids = sorted((run / "samples").glob("*.png"))
    assert len(grids) == 2
    with Image.open(grids[-1]) as picture:
        assert "Columns: source, target made of it, true target" in picture.info["Description"]
    model = saddlepoint.load(run)
    with pytest.raises(CapabilityError, match="does not make images from latents"):
        model.sample(1)


def test_files_that_share_a_batch_are_what_they_are_alone(run, tmp_path, capsys):
    sizes = {"a": (16, 16), "b": (7, 9), "c": (16, 11), "d": (40, 20), "e": (16, 16)}
    for name, size in sizes.items():
        photo(tmp_path / f"in/{name}.png", size)
    (tmp_path / "in/bad.png").write_bytes(b"no image")
    saddle(capsys, "translate", run, tmp_path / "in", tmp_path / "together", "--batch", "4")
    said = saddle(capsys, "translate", run, tmp_path / "in", tmp_path / "alone", "--batch", "1")
    assert "1 skipped" in said
    for name, size in sizes.items():
        pair = [Image.open(tmp_path / folder / f"{name}.png") for folder in ("together", "alone")]
        assert pair[0].size == size
        np.testing.assert_allclose(*(np.asarray(one, int) for one in pair), atol=1)


def test_an_image_is_prepared_and_finished_and_says_so(run, tmp_path, capsys):
    given = photo(tmp_path / "one.png", (30, 20))
    saddle(capsys, "translate", run, given, tmp_path / "plain.png")
    saddle(capsys, "translate", run, given, tmp_path / "same.png", "--strength", "0")
    saddle(
        capsys,
        "translate",
        run,
        given,
        tmp_path / "half.png",
        "--strength",
        "0.5",
        "--white-balance",
        "--sharpen",
        "0.2",
    )
    plain, same, half = (np.asarray(Image.open(tmp_path / f"{name}.png"), int) for name in ("plain", "same", "half"))
    np.testing.assert_array_equal(same, np.asarray(Image.open(given)))
    assert np.abs(half - plain).mean() > 1
    settings = metadata.disclosure_in((tmp_path / "half.png").read_bytes()).settings
    assert (settings["strength"], settings["white_balance"], settings["sharpen"]) == (0.5, True, 0.2)
    assert "lens" not in settings
    assert "it must be" in saddle(capsys, "translate", run, given, tmp_path / "x.png", "--lens", "2", code=2)
