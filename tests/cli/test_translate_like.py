"""`saddle translate --like`: what an image leaves open, drawn by a seed or taken from another image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from command import saddle
from PIL import Image

import saddlepoint
from saddlepoint.kinds.pixels import pixels, to_uint8


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A MUNIT trained for two steps on two folders of noise, 16x16."""
    root, rng = tmp_path_factory.mktemp("domains"), np.random.default_rng(0)
    for name in ("a", "b"):
        (root / name).mkdir()
        for index in range(10):
            Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(root / name / f"{index}.png")
    small = {
        "generator_width": 4, "critic_width": 4, "blocks": 1, "mlp_width": 8, "style": 3, "style_halvings": 2,
        "critic_halvings": 2, "scales": 2, "images": 8, "batch": 4, "grid_size": 0, "threads": 1,
    }  # fmt: skip
    data = f"unpaired:{root / 'a'},{root / 'b'}"
    return saddlepoint.train("munit", data, out=root / "run", cache=root / "cache", **small).folder


def photo(path: Path, seed: int, size: tuple[int, int] = (16, 16)) -> torch.Tensor:
    """A file of noise, and what it holds: [1, 3, H, W]."""
    array = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(array).save(path)
    return pixels(torch.from_numpy(array.transpose(2, 0, 1).copy())[None])


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path)).transpose(2, 0, 1)


def test_a_reference_gives_its_style_and_seeds_draw_others(run, tmp_path, capsys):
    given, like = photo(tmp_path / "in.png", 1), photo(tmp_path / "like.png", 2)
    made = []
    for number, words in enumerate((["--seed", 0], ["--seed", 1], ["--like", tmp_path / "like.png"])):
        saddle(capsys, "translate", run, tmp_path / "in.png", tmp_path / f"{number}.png", "--from", "a", *words)
        made.append(read(tmp_path / f"{number}.png"))
    assert all(not np.array_equal(made[a], made[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    model = saddlepoint.load(run)
    np.testing.assert_array_equal(made[2], to_uint8(model.translate(given, "a", reference=like))[0].numpy())


def test_a_reference_of_another_size_is_brought_to_the_trained_one(run, tmp_path, capsys):
    photo(tmp_path / "in.png", 1, (40, 20))
    photo(tmp_path / "like.jpg", 2, (50, 30))
    saddle(capsys, "translate", run, tmp_path / "in.png", tmp_path / "out.png", "--like", tmp_path / "like.jpg")
    assert Image.open(tmp_path / "out.png").size == (40, 20)


@pytest.mark.parametrize(
    ("content", "words"), [(None, "like.png cannot be the reference"), (b"no image", "like.png cannot be the")]
)
def test_a_reference_that_cannot_be_read_is_refused_before_any_work(run, tmp_path, capsys, content, words):
    photo(tmp_path / "in.png", 1)
    if content is not None:
        (tmp_path / "like.png").write_bytes(content)
    said = saddle(
        capsys, "translate", run, tmp_path / "in.png", tmp_path / "out.png", "--like", tmp_path / "like.png", code=2
    )
    assert words in said
    assert not (tmp_path / "out.png").exists()


def test_the_command_says_that_a_model_takes_nothing_from_a_reference(tmp_path, capsys):
    Image.fromarray(np.zeros((16, 32, 3), np.uint8)).save(tmp_path / "0.png")
    for index in range(1, 8):
        Image.fromarray(np.full((16, 32, 3), index, np.uint8)).save(tmp_path / f"{index}.png")
    small = {"generator_width": 4, "critic_width": 4, "halvings": 1, "images": 4, "batch": 4, "grid_size": 0}
    folder = saddlepoint.train("pix2pix", f"paired:{tmp_path}", out=tmp_path / "run", cache=tmp_path / "c", **small)
    photo(tmp_path / "in.png", 1)
    words = (folder.folder, tmp_path / "in.png", tmp_path / "out.png", "--like", tmp_path / "in.png")
    assert "pix2pix does not use a reference image" in saddle(capsys, "translate", *words, code=2)
