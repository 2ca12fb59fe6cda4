"""predict --map: a picture for each image of what its class rests on, and models of which none can be made."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import saddlepoint
from saddlepoint.cli import predict
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.metrics.maps.heat import heat
from saddlepoint.report.heat import overlaid


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = {"examples": 20, "batch": 10, "width": 4, "depth": 1}
    return saddlepoint.train("classifier", data="digits", out=tmp_path_factory.mktemp("classifier"), **options).folder


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(2):
        noise = np.random.default_rng(number).integers(0, 256, (8, 8), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize("kind", ["occlusion", "gradient", "deconvnet", "guided"])
def test_each_image_gets_a_picture_that_its_row_names(
    classifier: Path, images: Path, tmp_path: Path, kind: str
) -> None:
    options = ["--map", kind, "--map-class", "7", "--out", str(tmp_path / "found.csv"), "--device", "cpu"]
    assert predict.main([str(classifier), str(images), *options]) == 0
    with (tmp_path / "found.csv").open() as file:
        assert [row["map"] for row in csv.DictReader(file)] == [f"{number}-{kind}.png" for number in range(2)]
    with Image.open(tmp_path / "found-files" / f"1-{kind}.png") as picture:
        assert picture.mode == "RGB"
        assert picture.width > 2 * picture.height * 0.9


def test_the_heat_is_of_the_class_that_is_asked_about(classifier: Path) -> None:
    model, images = saddlepoint.load(classifier), torch.randn(2, 1, 8, 8).clamp(-1, 1)
    sums = sum(heat(model, images, "occlusion", torch.full((2,), number)) for number in range(10))
    assert torch.allclose(sums, torch.zeros(2, 8, 8), atol=1e-6)  # the drops of all probabilities cancel
    likeliest = model.classify(images).argmax(1)
    assert torch.equal(heat(model, images, "guided"), heat(model, images, "guided", likeliest))


def test_options_without_a_map_and_models_without_classes_are_refused(
    classifier: Path, images: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="say which"):
        predict.main([str(classifier), str(images), "--map-window", "3"])
    with pytest.raises(ConfigError, match="no class is called 'cat'"):
        predict.main([str(classifier), str(images), "--map", "occlusion", "--map-class", "cat"])
    with pytest.raises(ConfigError, match="does not fit"):
        predict.main([str(classifier), str(images), "--map", "occlusion", "--map-window", "9"])
    run = saddlepoint.train("vae", data="digits", examples=8, batch=8, latent=2, width=4, out=tmp_path / "vae")
    with pytest.raises(CapabilityError, match="names no class"):
        heat(run.model(), torch.zeros(1, 1, 8, 8), "occlusion")


def test_heat_is_red_where_it_is_above_nought_and_blue_below() -> None:
    warm = torch.zeros(8, 8)
    warm[0, 0], warm[7, 7] = 1.0, -1.0
    picture = np.asarray(overlaid(torch.zeros(1, 8, 8), warm)).astype(int)
    half = picture[:, picture.shape[1] // 2 :]
    hot, cold, grey = half[8, 8], half[-9, -9], half[half.shape[0] // 2, half.shape[1] // 2]
    assert hot[0] > hot[2] + 100
    assert cold[2] > cold[0] + 100
    assert np.ptp(grey) == 0


def test_attention_is_drawn_for_a_model_that_has_it_and_refused_for_others(
    classifier: Path, images: Path, tmp_path: Path
) -> None:
    options = {"examples": 8, "batch": 8, "patch": 4, "layers": 1, "heads": 2, "width": 8}
    run = saddlepoint.train("vit", data="digits", out=tmp_path / "vit", **options).folder
    assert predict.main([str(run), str(images), "--map", "rollout", "--out", str(tmp_path / "seen.csv")]) == 0
    assert (tmp_path / "seen-files" / "0-rollout.png").is_file()
    with pytest.raises(ConfigError, match="the same whatever the class"):
        predict.main([str(run), str(images), "--map", "rollout", "--map-class", "1"])
    with pytest.raises(CapabilityError, match="no attention over an image"):
        predict.main([str(classifier), str(images), "--map", "rollout"])
