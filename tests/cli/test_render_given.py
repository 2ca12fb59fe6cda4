"""render with photographs: a model of many scenes makes one of what is given, as a film or a file."""

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import saddlepoint
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.world.garage import cars
from saddlepoint.errors import CapabilityError, ConfigError, DataError
from saddlepoint.kinds.camera import pose_of

SMALL = {
    "targets": 1, "patch": 4, "encoder_width": 8, "encoder_layers": 1, "encoder_heads": 2, "width": 8, "layers": 1,
    "heads": 2, "side": 4, "plane_width": 4, "code": 6, "coarse": 4, "fine": 0, "crop": 8,
}  # fmt: skip


def main(arguments: list[str]) -> int:
    """A verb as it is called, with its errors."""
    code: int = importlib.import_module(f"saddlepoint.cli.{arguments[0]}").main(arguments[1:])
    return code


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four cars, each a folder as Blender writes it."""
    root = tmp_path_factory.mktemp("cars")
    views, rig = cars(np.arange(4), 8)
    for car, (images, cameras) in enumerate(zip(views, rig)):
        place = root / f"car{car}"
        place.mkdir()
        frames = []
        for number, (image, camera) in enumerate(zip(images[: 4 + car], cameras)):
            pixels = (image.permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
            Image.fromarray(pixels).save(place / f"{number}.png")
            pose = pose_of(camera) * torch.tensor([1.0, -1.0, -1.0, 1.0])
            frames.append({"file_path": f"{number}.png", "transform_matrix": pose.tolist()})
        lens = {"fl_x": 13.6, "fl_y": 13.6, "cx": 4, "cy": 4, "w": 8, "h": 8}
        (place / "transforms.json").write_text(json.dumps({**lens, "frames": frames}))
    (root / "notes").mkdir()
    return root


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("lrm")
    options: dict[str, Any] = {"examples": 4, "batch": 2, "held_out": 0.25, **SMALL}
    return saddlepoint.train("lrm", data=f"scenes:{folder}", out=out, **options).folder


def test_folders_of_scenes_are_read_with_as_many_views_each(folder: Path) -> None:
    data = open_data(DataSettings(data=f"scenes:{folder}"))
    assert data.fields["views"].shape == (4, 4, 3, 8, 8)
    assert [name for name, _ in data.skipped] == ["notes"]
    _, rig = cars(np.arange(1), 8)
    assert torch.allclose(torch.from_numpy(np.array(data.fields["rig"][0])), rig[0, :4], atol=1e-4)
    with pytest.raises(DataError, match="two or more"):
        open_data(DataSettings(data=f"scenes:{folder / 'notes'}"))


def test_a_photograph_becomes_a_film_and_a_mesh(run: Path, folder: Path, tmp_path: Path) -> None:
    photo = str(tmp_path / "photo.png")
    with Image.open(folder / "car0" / "0.png") as small:
        small.resize((40, 32)).save(photo)
    given = ["render", str(run), "--image", photo, "--device", "cpu"]
    assert main([*given, "--orbit", "3", "--out", str(tmp_path / "orbit.gif")]) == 0
    with Image.open(tmp_path / "orbit.gif") as film:
        assert film.n_frames == 3  # type: ignore[attr-defined]
    assert main([*given, "--out", str(tmp_path / "scene.npz")]) == 0
    with np.load(tmp_path / "scene.npz") as file:
        assert file["value"].shape == (1, 8, 8, 8)


def test_held_out_scenes_stand_beside_the_true_views(run: Path, tmp_path: Path) -> None:
    assert main(["render", str(run), "--test", "--out", str(tmp_path / "views"), "--device", "cpu"]) == 0
    assert len(list((tmp_path / "views").iterdir())) == 1


def test_what_a_model_makes_of_photographs_is_written_by_render(run: Path) -> None:
    with pytest.raises(CapabilityError, match="saddle render"):
        main(["export", str(run), "--to", "file"])


def test_no_photograph_and_too_many_are_refused(run: Path, folder: Path) -> None:
    with pytest.raises(ConfigError, match="none was given"):
        main(["render", str(run), "--device", "cpu"])
    photo = str(folder / "car0" / "0.png")
    with pytest.raises(DataError, match="there is no"):
        main(["render", str(run), "--image", str(folder / "none.png"), "--device", "cpu"])
    with pytest.raises(ConfigError, match="2 were given"):
        main(["render", str(run), "--image", photo, photo, "--device", "cpu"])
