"""predict: a table of classes for images."""

import csv
import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import saddlepoint
from saddlepoint.errors import CapabilityError, ConfigError


def predict(*arguments: object) -> int:
    code: int = importlib.import_module("saddlepoint.cli.predict").main([str(one) for one in arguments])
    return code


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = {"examples": 20, "batch": 10, "critic_widths": (8,), "generator_width": 8, "latent": 4}
    return saddlepoint.train("sgan", data="digits", out=tmp_path_factory.mktemp("sgan"), **options).folder


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(3):
        Image.fromarray(np.full((8, 8), 80 * number, np.uint8)).save(folder / f"{number}.png")
    return folder


def test_a_folder_becomes_a_table_with_the_likeliest_class(classifier: Path, images: Path, tmp_path: Path) -> None:
    assert predict(classifier, images, "--out", tmp_path / "found.csv", "--device", "cpu") == 0
    with (tmp_path / "found.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == ["0.png", "1.png", "2.png"]
    for row in rows:
        shares = {name[2:-1]: float(value) for name, value in row.items() if name.startswith("p(")}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
        assert row["class"] == max(shares, key=lambda name: shares[name])


def test_one_image_becomes_json_under_the_run(classifier: Path, images: Path, tmp_path: Path) -> None:
    assert predict(classifier, images / "1.png", "--out", tmp_path / "one.json", "--device", "cpu") == 0
    assert [row["image"] for row in json.loads((tmp_path / "one.json").read_text())] == ["1.png"]


def test_other_models_tables_and_results_that_are_there_are_refused(
    classifier: Path, images: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="must end with"):
        predict(classifier, images, "--out", tmp_path / "found.xls")
    (tmp_path / "found.csv").write_text("mine")
    with pytest.raises(ConfigError, match="there already"):
        predict(classifier, images, "--out", tmp_path / "found.csv")
    run = saddlepoint.train("gan", data="world:ring8", examples=8, batch=8, out=tmp_path / "run")
    with pytest.raises(CapabilityError, match="predicts nothing"):
        predict(run.folder, images)
