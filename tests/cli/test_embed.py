"""embed: codes with file names, flat pictures, the nearest of each; and the parts of it by themselves."""

import csv
import importlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

import saddlepoint
from saddlepoint.errors import CapabilityError, ConfigError, DataError
from saddlepoint.report.embedding import nearest, neighbourly, principal


def embed(*arguments: object) -> int:
    code: int = importlib.import_module("saddlepoint.cli.embed").main([str(one) for one in arguments])
    return code


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = {"examples": 3200, "batch": 32, "layers": "dense", "widths": (), "latent": 12}
    return saddlepoint.train("autoencoder", data="digits", out=tmp_path_factory.mktemp("run") / "r", **options).folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, digits = tmp_path_factory.mktemp("digits"), load_digits()
    for name, label in (("none", 0), ("one", 1)):
        (root / name).mkdir()
        for number, image in enumerate(digits.images[digits.target == label][:10]):
            Image.fromarray((image * 15.9).astype(np.uint8)).save(root / name / f"{number}.png")
    return root


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_a_folder_becomes_codes_places_and_pictures(run: Path, folder: Path, tmp_path: Path) -> None:
    assert embed(run, folder, "--out", tmp_path / "made", "--neighbours", 3, "--device", "cpu") == 0
    made = tmp_path / "made"
    names = ["codes.csv", "codes.npy", "neighbours.png", "pca.png", "places.csv", "t-sne.png"]
    assert sorted(path.name for path in made.iterdir()) == names
    codes, table = np.load(made / "codes.npy"), rows_of(made / "codes.csv")
    assert codes.shape == (20, 12)
    assert [row["file"] for row in table[::10]] == ["none/0.png", "one/0.png"]
    assert np.allclose([float(value) for value in list(table[3].values())[1:]], codes[3], atol=1e-5)
    pixels = torch.from_numpy(np.array(Image.open(folder / "one" / "0.png"))).float()[None, None] / 127.5 - 1
    own = saddlepoint.load(run).embed(pixels)  # the same from Python
    assert np.allclose(own[0], codes[10], atol=1e-5)
    places = rows_of(made / "places.csv")
    assert places[0].keys() >= {"pca x", "pca y", "t-sne x", "t-sne y", "nearest 1", "distance 3"}
    assert sum(row["file"].split("/")[0] == row["nearest 1"].split("/")[0] for row in places) >= 18
    assert "20 images" in Image.open(made / "t-sne.png").text["Description"]


def test_three_dimensions_and_a_folder_of_three(run: Path, folder: Path, tmp_path: Path) -> None:
    assert embed(run, folder, "--out", tmp_path / "a", "--dimensions", 3, "--distance", "cosine") == 0
    assert "t-sne z" in rows_of(tmp_path / "a" / "places.csv")[0]
    few = tmp_path / "few"
    few.mkdir()
    for number in range(3):
        (few / f"{number}.png").write_bytes((folder / "one" / f"{number}.png").read_bytes())
    (few / "broken.png").write_bytes(b"no image")
    assert embed(run, few, "--out", tmp_path / "b") == 0
    assert not (tmp_path / "b" / "t-sne.png").exists()
    assert len(rows_of(tmp_path / "b" / "codes.csv")) == 3


def test_what_cannot_be_embedded_is_refused(run: Path, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no folder"):
        embed(run, folder / "one" / "0.png")
    with pytest.raises(ConfigError, match="1 to 20"):
        embed(run, folder, "--neighbours", 0)
    with pytest.raises(DataError, match="perplexity of 40"):
        embed(run, folder, "--perplexity", 40, "--out", tmp_path / "c")
    assert not (tmp_path / "c").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="there already"):
        embed(run, folder, "--out", tmp_path / "full")
    points = saddlepoint.train("gan", data="world:ring8", examples=8, batch=8, out=tmp_path / "gan")
    with pytest.raises(CapabilityError, match="describes no given example"):
        embed(points.folder, folder)


def test_the_nearest_are_those_of_all_distances() -> None:
    codes = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)
    codes[7] = codes[3]  # twins are each other's nearest, and no image its own
    rows, distances = nearest(codes, 4)
    far = np.linalg.norm(codes[:, None] - codes[None], axis=2)
    np.fill_diagonal(far, np.inf)
    assert np.allclose(np.sort(far, 1)[:, :4], distances, atol=1e-3)
    assert rows[7, 0] == 3
    assert rows[3, 0] == 7
    assert not (rows == np.arange(30)[:, None]).any()
    with pytest.raises(DataError, match="ask for fewer"):
        nearest(codes, 30)


def test_flat_places_keep_what_is_near() -> None:
    draw = np.random.default_rng(1)
    codes = np.concatenate([draw.normal(middle, 0.1, (25, 60)) for middle in (0, 1, 2)]).astype(np.float32)
    groups = np.repeat(np.arange(3), 25)
    flat, share = principal(codes, 2)
    assert flat.shape == (75, 2)
    assert 0.9 < share <= 1
    assert principal(codes[:1], 2)[0].tolist() == [[0, 0]]
    placed = neighbourly(codes, 2, 10, 0)
    assert np.array_equal(groups[nearest(placed, 1)[0][:, 0]], groups)
    assert np.array_equal(placed, neighbourly(codes, 2, 10, 0))
