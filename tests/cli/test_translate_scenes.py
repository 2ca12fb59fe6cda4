"""`saddle translate` of what one plain picture does not hold: holes that are transparent, several images of a scene."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from command import saddle
from PIL import Image

import saddlepoint
from saddlepoint.data.open import open_data
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.kinds.pixels import pixels, to_uint8

QUICK = {"images": 8, "batch": 4, "grid_size": 4}


def photos(folder: Path, seed: int, mode: str = "RGB", count: int = 12) -> Path:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for index in range(count):
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).convert(mode).save(folder / f"{index}.png")
    return folder


@pytest.fixture(scope="module")
def filler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A patch-global GAN trained for two steps on photographs with holes."""
    root = tmp_path_factory.mktemp("holes")
    small = {"width": 2, "blocks": 1, "critic_width": 2, "halvings": 2, "out": root / "run", "cache": root / "cache"}
    data = f"holes25:{photos(root / 'photos', 0)}"
    return saddlepoint.train("patch_global_inpainting", data, **small, **QUICK).folder


def test_what_is_transparent_is_filled_and_the_rest_stays(filler, tmp_path, capsys):
    picture = np.random.default_rng(1).integers(0, 256, (20, 24, 4), np.uint8)
    picture[..., 3] = 255
    picture[5:9, 6:14, 3] = 0
    Image.fromarray(picture).save(tmp_path / "torn.png")
    saddle(capsys, "translate", filler, tmp_path / "torn.png", tmp_path / "whole.png")
    result, known = np.asarray(Image.open(tmp_path / "whole.png")), picture[..., 3] > 0
    assert result.shape == (20, 24, 3)
    np.testing.assert_array_equal(result[known], picture[known][:, :3])
    picture[~known, :3] = 7  # colours below nothing change nothing
    Image.fromarray(picture).save(tmp_path / "other.png")
    saddle(capsys, "translate", filler, tmp_path / "other.png", tmp_path / "again.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "again.png")), result)


def test_a_picture_without_holes_is_refused_with_the_mend(filler, tmp_path, capsys):
    Image.new("RGB", (16, 16)).save(tmp_path / "whole.png")
    said = saddle(capsys, "translate", filler, tmp_path / "whole.png", tmp_path / "out.png", code=2)
    assert "has no transparent part: erase what is to be filled, and save it as a PNG" in said
    said = saddle(capsys, "translate", filler, tmp_path / "whole.png", tmp_path / "out.png", "--white-balance", code=2)
    assert "--white-balance would change" in said


@pytest.fixture(scope="module")
def sensors(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """pGAN trained for two steps to make one grey image of two, with the folder of all three."""
    root = tmp_path_factory.mktemp("sensors")
    folders = [photos(root / name, number, "L") for number, name in enumerate("abc")]
    (folders[1] / "3.png").unlink()
    small = {"generator_width": 2, "blocks": 1, "before": 0, "critic_width": 2, "halvings": 1, "streams": 2}
    data = "sensors:" + ",".join(map(str, folders))
    places = {"out": root / "run", "cache": root / "cache"}
    return saddlepoint.train("pgan_mri", data, **small, **QUICK, **places).folder, root


def test_images_of_one_scene_are_the_channels_of_one_source(sensors):
    _, root = sensors
    word = "sensors:" + ",".join(str(root / name) for name in "abc")
    dataset = open_data(word, cache=root / "cache")
    assert {name: array.shape for name, array in dataset.fields.items()} == {
        "source": (11, 2, 16, 16),
        "target": (11, 1, 16, 16),
    }
    stem = 4  # the fifth name; "3.png" is lacking in one folder
    name = sorted(path.name for path in (root / "b").iterdir())[stem]
    for channel, folder in enumerate("ab"):
        np.testing.assert_array_equal(dataset.fields["source"][stem, channel], Image.open(root / folder / name))
    np.testing.assert_array_equal(dataset.fields["target"][stem, 0], Image.open(root / "c" / name))
    assert any("3.png" in name for name, _ in dataset.skipped)
    with pytest.raises(ConfigError, match="three folders or more"):
        open_data(f"sensors:{root / 'a'},{root / 'b'}", cache=root / "cache")
    (root / "d").mkdir()
    Image.new("L", (16, 16)).save(root / "d/other.png")
    with pytest.raises(DataError, match="shares its name"):
        open_data(f"sensors:{root / 'a'},{root / 'd'},{root / 'c'}", cache=root / "cache")


def test_a_model_of_two_sensors_takes_the_second_image_beside_the_first(sensors, tmp_path, capsys):
    run, root = sensors
    given = [root / "a/5.png", root / "b/5.png"]
    saddle(capsys, "translate", run, given[0], tmp_path / "out.png", "--beside", given[1])
    source = np.stack([np.asarray(Image.open(path)) for path in given])
    expected = saddlepoint.load(run).translate(pixels(torch.from_numpy(source)[None]))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out.png")), to_uint8(expected)[0, 0].numpy())
    said = saddle(capsys, "translate", run, root / "a", tmp_path / "many", "--beside", root / "b", code=2)
    assert "holds no partner of" in said
    assert "3.png" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "has no transparent part"),
        (("--beside", "{b}", "{b}"), "takes 2 channels, not 3 pictures: name the others of the scene by --beside, 2"),
        (("--beside", "{large}"), "bring pictures of one scene to one size"),
        (("--beside", "{b}", "--sharpen", "0.5"), "--sharpen would change"),
    ],
)
def test_a_scene_that_is_not_whole_is_refused(sensors, tmp_path, capsys, words, sentence):
    run, root = sensors
    Image.new("L", (18, 16)).save(tmp_path / "large.png")
    places = {"b": root / "b/5.png", "large": tmp_path / "large.png"}
    given = [word.format(**places) for word in words]
    assert sentence in saddle(capsys, "translate", run, root / "a/5.png", tmp_path / "out.png", *given, code=2)


@pytest.fixture(scope="module")
def merger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """HDR-GAN trained for two steps."""
    root = tmp_path_factory.mktemp("light")
    small = {"width": 2, "layers": 1, "growth": 2, "critic_width": 2, "out": root / "run", "cache": root / "cache"}
    return saddlepoint.train("hdr_gan", f"exposures1:{photos(root / 'photos', 0)}", **small, **QUICK).folder


def brackets(folder: Path, *times: float) -> list[Path]:
    """Three exposures of one scene, without what a camera adds."""
    light, paths = np.random.default_rng(0).uniform(0.002, 0.06, (16, 16, 3)), []
    for number, time in enumerate(times):
        shot = ((time * light).clip(0, 1) ** (1 / 2.2) * 255).round().astype(np.uint8)
        paths.append(folder / f"{number}.png")
        Image.fromarray(shot).save(paths[-1])
    return paths


def test_exposures_become_light_as_a_screen_shows_it(merger, tmp_path, capsys):
    paths = brackets(tmp_path, 1, 4, 16)
    saddle(capsys, "translate", merger, paths[0], tmp_path / "out.png", "--beside", paths[1], paths[2])
    given = np.concatenate([np.asarray(Image.open(path)).transpose(2, 0, 1) for path in paths])
    light = saddlepoint.load(merger).translate(pixels(torch.from_numpy(given)[None]))[0].numpy()
    assert light.min() >= 0
    wanted = (light.clip(0, 1) ** (1 / 2.2) * 255).round().transpose(1, 2, 0)
    assert np.abs(np.asarray(Image.open(tmp_path / "out.png")) - wanted).max() <= 1


@pytest.mark.parametrize(
    ("times", "sentence"),
    [((16, 4, 1), "0.25 times the light of"), ((1, 4, 4), "1 times the light of"), ((1, 32, 128), "the model knows 4")],
)
def test_exposures_that_do_not_grow_as_the_model_knows_are_refused(merger, tmp_path, capsys, times, sentence):
    paths = brackets(tmp_path, *times)
    assert sentence in saddle(capsys, "translate", merger, paths[0], tmp_path / "a.png", "--beside", *paths[1:], code=2)


def test_exposures_of_unequal_size_are_refused(merger, tmp_path, capsys):
    paths = brackets(tmp_path, 1, 4, 16)
    Image.new("RGB", (18, 16)).save(paths[2])
    said = saddle(capsys, "translate", merger, paths[0], tmp_path / "a.png", "--beside", *paths[1:], code=2)
    assert "bring pictures of one scene to one size" in said
