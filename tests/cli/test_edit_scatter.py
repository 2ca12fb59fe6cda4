"""`saddle edit scatter`: pictures of codes, a movie through checkpoints, and what is refused."""

import re
from pathlib import Path

import numpy as np
import pytest
from command import saddle
from PIL import Image

import saddlepoint
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings

SMALL = {"batch": 16, "grid_size": 0, "layers": "dense", "widths": [16], "threads": 1}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def plane(tmp_path_factory, cache):
    """A VAE of digits with a code of two numbers, which kept three checkpoints."""
    settings = {**SMALL, "latent": 2, "images": 4800, "checkpoint_every": 1600, "held_out": 0.2}
    return saddlepoint.train("vae", "digits", out=tmp_path_factory.mktemp("plane") / "run", cache=cache, **settings)


@pytest.fixture(scope="module")
def plain(tmp_path_factory, cache):
    """A VAE with a longer code, on a folder of images without classes."""
    root, given = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("given")
    digits: Dataset = open_data(DataSettings(data="digits", cache=cache))
    for row in range(60):
        Image.fromarray(np.array(digits.images[row, 0])).save(given / f"{row}.png")
    settings = {**SMALL, "images": 16, "held_out": 0.5}
    return saddlepoint.train("vae", str(given), out=root / "run", cache=cache, **settings)


def test_a_picture_lies_beside_the_run_with_its_figures_in_a_table(plane, capsys):
    said = saddle(capsys, "edit", "scatter", plane.folder)
    path = Path(said.strip().splitlines()[-1])
    assert path == plane.folder / "edited" / "scatter.png"
    assert "where it encodes 359 held-out images" in Image.open(path).info["Description"]
    nearest, linear, chance = (float(text) for text in re.findall(r"([\d.]+)%", said))
    assert chance == pytest.approx(10.3)  # of a held-out part that has every class in its share
    assert nearest > 25
    assert linear > 25


def test_chosen_classes_and_draws_are_named_in_the_file(plane, capsys):
    said = saddle(capsys, "edit", "scatter", plane.folder, "--classes", "3", "2", "--draws", "4")
    path = Path(said.strip().splitlines()[-1])
    assert path.name == "scatter-3-2-draws-4.png"
    assert "where it encodes 72 held-out images" in Image.open(path).info["Description"]
    assert len(re.findall(r"[\d.]+%", said)) == 5  # two of the means, two of the draws, and chance


def test_a_movie_has_a_frame_for_each_checkpoint(plane, tmp_path, capsys):
    said = saddle(capsys, "edit", "scatter", plane.folder, "--classes", "0", "1", "--out", tmp_path / "learnt.gif")
    assert re.findall(r"^ *([\d,]+) +[\d.]+%", said, re.M) == ["1,600", "3,200", "4,800"]
    with Image.open(tmp_path / "learnt.gif") as movie:
        frames = [np.asarray((movie.seek(number), movie.convert("L"))[1]) for number in range(movie.n_frames)]
    assert len(frames) == 3
    edges = [frame[-44:, :440] for frame in frames]  # the ends of the horizontal axis stay
    assert all(np.abs(edge.astype(int) - edges[0]).max() < 40 for edge in edges)
    assert np.abs(frames[0].astype(int) - frames[2]).max() > 100


def test_images_without_classes_have_a_picture_and_no_figure(plain, capsys):
    said = saddle(capsys, "edit", "scatter", plain.folder)
    assert "%" not in said
    assert Image.open(said.strip().splitlines()[-1]).size[0] == 480
    assert "no labels: leave out --classes" in saddle(
        capsys, "edit", "scatter", plain.folder, "--classes", "cat", code=2
    )
    assert "keeps 1 checkpoint, " in saddle(capsys, "edit", "scatter", plain.folder, "--out", "x.gif", code=2)


def test_one_class_has_no_figure_and_rare_ones_say_why(plane, capsys, monkeypatch):
    assert "%" not in saddle(capsys, "edit", "scatter", plane.folder, "--classes", "7")
    monkeypatch.setattr("saddlepoint.cli.edit.scatter._MOST", 12)
    said = saddle(capsys, "edit", "scatter", plane.folder)
    assert "%" not in said
    assert "no figure of separability: class" in said


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--classes", "twelve"), "no class is called 'twelve'"),
        (("--out", "x.svg"), r"x\.svg cannot be written: its name must end with \.png"),
        (("--draws", "-1"), "--draws cannot be -1"),
    ],
)
def test_what_cannot_be_drawn_is_refused(plane, capsys, words, text):
    assert re.search(text, saddle(capsys, "edit", "scatter", plane.folder, *words, code=2))


def test_a_model_that_does_not_encode_is_refused_with_those_that_do(tmp_path, cache, capsys):
    settings = {"images": 8, "batch": 8, "grid_size": 0}
    run = saddlepoint.train("cgan", "digits", out=tmp_path / "run", cache=cache, **settings)
    assert "cgan does not encode given images; of the methods here" in saddle(
        capsys, "edit", "scatter", run.folder, code=2
    )


def test_codes_of_one_number_and_too_many_classes_are_refused(tmp_path, plane, cache, capsys, monkeypatch):
    settings = {**SMALL, "latent": 1, "images": 16}
    run = saddlepoint.train("vae", "digits", out=tmp_path / "run", cache=cache, **settings)
    assert "codes of one number" in saddle(capsys, "edit", "scatter", run.folder, code=2)
    monkeypatch.setattr("saddlepoint.cli.edit.scatter.COLOURS", ((0, 0, 0),) * 9)
    assert "at most 9 classes, and there are 10" in saddle(capsys, "edit", "scatter", plane.folder, code=2)
