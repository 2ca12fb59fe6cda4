"""saddle edit attributes: a sheet of given images with their attributes changed, and what is refused."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

import saddlepoint
from saddlepoint.checkpoint.model import load
from saddlepoint.cli.edit.attributes import changes, main, sheet
from saddlepoint.deploy.metadata import read
from saddlepoint.errors import CapabilityError, ConfigError, DataError

SMALL: dict[str, Any] = {
    "width": 2, "encoder_width": 2, "code_units": 4, "attribute_units": 4, "latent": 3, "game_examples": 8,
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An IcGAN of coloured shapes, trained for two steps."""
    root = tmp_path_factory.mktemp("attributes")
    more: dict[str, Any] = {"resolution": 16, "examples": 16, "batch": 8, "grid_size": 0, **SMALL}
    return saddlepoint.train("icgan", "world:attributes", out=root / "run", cache=root / "cache", **more).folder


def test_each_attribute_has_a_column_and_what_is_asked_is_set(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (40, 30), (200, 30, 90)).save(tmp_path / "flat.png")
    assert main([str(run), str(tmp_path)]) == 0
    with Image.open(capsys.readouterr().out.strip()) as picture:
        assert picture.width > 9 * 90  # the image, made again, and seven attributes
        assert read(picture).discloses
    assert main([str(run), str(tmp_path / "flat.png"), "--set", "round,no-warm"]) == 0
    assert "no-warm" in capsys.readouterr().out


def test_an_attribute_that_is_changed_is_the_other_and_all_else_as_it_was(run: Path) -> None:
    model, images = load(run), torch.rand(2, 3, 16, 16) * 2 - 1
    tiles = sheet(model, images, [])
    assert tiles.shape == (2, 9, 3, 16, 16)
    assert torch.equal(tiles[:, 0], images)
    same = sheet(model, images, [{}])
    assert torch.equal(same[:, 1], same[:, 2])


def test_unknown_attributes_other_models_and_empty_folders_are_refused(run: Path, tmp_path: Path) -> None:
    assert changes("smile, no-hat", ("smile", "hat")) == {0: 1.0, 1: 0.0}
    with pytest.raises(ConfigError, match="did you mean 'smile'"):
        changes("smil", ("smile", "hat"))
    with pytest.raises(ConfigError, match="names no attribute"):
        changes(" ,", ("smile",))
    with pytest.raises(DataError, match="a folder of them"):
        main([str(run), str(tmp_path)])
    small: dict[str, Any] = {"images": 8, "batch": 8, "grid_size": 0, "generator_width": 2, "critic_width": 2}
    other = saddlepoint.train("dcgan", "digits", out=tmp_path / "dcgan", cache=tmp_path / "cache", **small).folder
    with pytest.raises(CapabilityError, match="train icgan"):
        main([str(other), str(tmp_path)])
