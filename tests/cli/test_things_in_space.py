"""What is made of generators of things in space: turntables, meshes of fields, splats; on tiny runs."""

import importlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import saddlepoint
from saddlepoint.checkpoint.model import load
from saddlepoint.errors import CapabilityError

TINY: dict[str, dict[str, Any]] = {
    "pigan": {"resolution": 8, "latent": 4, "width": 4, "layers": 2, "coarse": 3, "fine": 0, "critic_width": 4},
    "graf": {"resolution": 8, "latent": 4, "appearance": 2, "width": 4, "layers": 2, "octaves": 2, "coarse": 3,
             "patch": 8, "critic_width": 4},
    "eg3d": {"resolution": 8, "latent": 4, "style": 4, "plane": 8, "plane_width": 2, "colours": 4, "base": 32,
             "most": 4, "sharpen_width": 4, "coarse": 4, "fine": 0},
    "gghead": {"resolution": 8, "latent": 4, "style": 4, "plane": 8, "splats": 4, "base": 32, "most": 4},
    "hologan": {"resolution": 32, "latent": 4, "width": 8, "critic_width": 4},
}  # fmt: skip


def saddle(verb: str, *arguments: object) -> int:
    code: int = importlib.import_module(f"saddlepoint.cli.{verb}").main([str(argument) for argument in arguments])
    return code


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("space")
    for name, settings in TINY.items():
        saddlepoint.train(
            name, data="world:toys", examples=4, batch=4, grid_size=0, out=folder / name, device="cpu", **settings
        )
    return {name: folder / name for name in TINY}


@pytest.mark.parametrize("name", TINY)
def test_one_thing_is_seen_once_around(name: str, runs: dict[str, Path], tmp_path: Path) -> None:
    film, grid = tmp_path / "around.gif", tmp_path / "around.png"
    assert saddle("sample", runs[name], "--given", "camera=orbit", "--out", film) == 0
    with Image.open(film) as frames:
        assert getattr(frames, "n_frames", 1) == 24
        assert max(frames.size) == 256
    assert saddle("sample", runs[name], "--given", "camera=orbit", "-n", 5, "--out", grid) == 0
    model = load(runs[name])
    views, others = (model.sample(4, given={"camera": camera}) for camera in ("orbit", "0,20"))
    assert float((views[0] - views[2]).abs().max()) > 1e-6
    assert float((others[0] - others[2]).abs().max()) > 1e-6  # another thing each, from one camera


@pytest.mark.parametrize("name", ["pigan", "graf", "eg3d"])
def test_fields_give_a_mesh(name: str, runs: dict[str, Path], tmp_path: Path) -> None:
    mesh, grid = tmp_path / "thing.glb", tmp_path / "thing.npy"
    assert saddle("export", runs[name], "--to", "file", "--side", 12, "--seed", 2, "--out", mesh) == 0
    assert struct.unpack("<4sII", mesh.read_bytes()[:12]) == (b"glTF", 2, mesh.stat().st_size)
    assert saddle("export", runs[name], "--to", "file", "--side", 6, "--out", grid) == 0
    values = np.load(grid)
    assert values.shape == (1, 6, 6, 6)
    assert 0 <= values.min() <= values.max() <= 1


def test_splats_are_written_and_features_alone_are_not(
    runs: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "thing.splat"
    assert saddle("export", runs["gghead"], "--to", "file", "--side", 6, "--out", out) == 0
    assert out.stat().st_size == 36 * 32
    assert saddle("export", runs["gghead"], "--to", "file") == 0
    assert Path(capsys.readouterr().out.split()[-1]).suffix == ".ply"
    with pytest.raises(CapabilityError, match="nothing that can be saved as a file of its own"):
        saddle("export", runs["hologan"], "--to", "file")
