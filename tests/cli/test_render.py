"""render, export --to file and sample of what is no image, on tiny runs."""

import importlib
import json
from pathlib import Path

import pytest
import torch
from PIL import Image

import saddlepoint
from saddlepoint.cli.render import read_cameras
from saddlepoint.errors import CapabilityError, ConfigError, DataError
from saddlepoint.kinds.camera import orbit, pose_of


def main(arguments: list[str]) -> int:
    """A verb as it is called, with its errors."""
    code: int = importlib.import_module(f"saddlepoint.cli.{arguments[0]}").main(arguments[1:])
    return code


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = {"resolution": 12, "examples": 4, "capacity": 60, "splats": 40, "degree": 0, "held_out": 0.1}
    run = saddlepoint.train("gaussians", data="world:scene", out=tmp_path_factory.mktemp("scene"), **options)
    return run.folder


@pytest.fixture(scope="module")
def furniture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = {"resolution": 8, "examples": 8, "batch": 4, "latent": 4, "generator_width": 4, "critic_width": 4}
    run = saddlepoint.train("gan3d", data="world:furniture", out=tmp_path_factory.mktemp("shapes"), **options)
    return run.folder


def test_an_orbit_becomes_a_film(scene: Path, tmp_path: Path) -> None:
    assert main(["render", str(scene), "--orbit", "3", "--out", str(tmp_path / "orbit.gif"), "--device", "cpu"]) == 0
    with Image.open(tmp_path / "orbit.gif") as film:
        assert film.n_frames == 3  # type: ignore[attr-defined]
        assert min(film.size) >= 256


def test_an_orbit_is_lifted_and_nearer_but_other_cameras_are_not(
    scene: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", str(scene), "--orbit", "2", "--lift", "20", "--nearer", "1.5", "--device", "cpu"]) == 0
    assert capsys.readouterr().out.strip().endswith("orbit-2-lift20-nearer1.5.mp4")
    with pytest.raises(ConfigError, match="move the orbit"):
        main(["render", str(scene), "--test", "--lift", "20"])


def test_held_out_views_stand_beside_the_true_ones_and_depth_is_written(scene: Path, tmp_path: Path) -> None:
    folder = tmp_path / "views"
    assert main(["render", str(scene), "--test", "--with-depth", "--out", str(folder), "--device", "cpu"]) == 0
    kinds = ["-depth.npy", "-depth.png", "-normals.png", "-opacity.png", ".png"]
    assert sorted(path.name for path in folder.iterdir())[:5] == [f"00000{kind}" for kind in kinds]
    assert len(list(folder.iterdir())) == 5 * 6


def test_held_out_views_are_scored_one_by_one_and_the_split_is_named(scene: Path, tmp_path: Path) -> None:
    result = saddlepoint.evaluate(scene, out=tmp_path / "scores.json", device="cpu")
    figures = {score["protocol"]["metric"]: score for score in result["scores"]}
    assert {"psnr", "ssim"} <= figures.keys()
    assert figures["psnr"]["protocol"]["real"] == 6
    assert 5 < figures["psnr"]["value"] < 40
    assert any("6 of 60 views, drawn once at random" in note for note in result["notes"])
    with pytest.raises(ConfigError, match="fid compares sets of images"):
        saddlepoint.evaluate(scene, metrics=("fid",), out=tmp_path / "other.json", device="cpu")


def test_cameras_of_a_file_are_used_and_bad_files_refused(tmp_path: Path) -> None:
    camera = orbit(torch.tensor([0.1]), torch.tensor([0.5]), 4.0, 20.0, 16)[0]
    names = ("fx", "fy", "cx", "cy", "width", "height")
    entry = {"camera_to_world": pose_of(camera).tolist(), **dict(zip(names, camera[16:].tolist()))}
    path = tmp_path / "cameras.json"
    path.write_text(json.dumps([entry]))
    assert torch.allclose(read_cameras(path)[0], camera)
    bad = [
        "", "{", "[]", "3", "[[]]", json.dumps([{"fx": 1}]), json.dumps([{**entry, "camera_to_world": [[1]]}]),
        json.dumps([{**entry, "fx": "wide"}]), json.dumps([{**entry, "fx": float("nan")}]),
        json.dumps([entry, {**entry, "width": 8}]), json.dumps([{**entry, "width": 1e9}]), "[" * 100_000,
    ]  # fmt: skip
    for text in bad:
        path.write_text(text)
        with pytest.raises(DataError, match=r"cameras\.json"):
            read_cameras(path)


def test_the_scene_is_written_for_viewers_and_other_models_are_refused(
    scene: Path, furniture: Path, tmp_path: Path
) -> None:
    assert main(["export", str(scene), "--to", "file", "--out", str(tmp_path / "scene.ply")]) == 0
    assert (tmp_path / "scene.ply").read_bytes().startswith(b"ply\nformat binary_little_endian")
    with pytest.raises(ConfigError, match="cannot hold scenes of splats"):
        main(["export", str(scene), "--to", "file", "--out", str(tmp_path / "scene.glb")])
    assert main(["export", str(furniture), "--to", "file", "--out", str(tmp_path / "shape.glb")]) == 0
    with pytest.raises(CapabilityError, match="draws no views"):
        main(["render", str(furniture)])


def test_volumes_are_sampled_as_a_sheet_and_as_files(furniture: Path, tmp_path: Path) -> None:
    assert main(["sample", str(furniture), "-n", "4", "--out", str(tmp_path / "sheet.png")]) == 0
    assert main(["sample", str(furniture), "-n", "2", "--single", "--out", str(tmp_path / "single")]) == 0
    assert sorted(path.name for path in (tmp_path / "single").iterdir()) == ["00000.npz", "00001.npz"]


def test_a_scene_that_moves_is_drawn_through_its_moments_or_held_still(scene: Path, tmp_path: Path) -> None:
    options = {"resolution": 8, "examples": 3, "capacity": 40, "splats": 30, "degree": 0, "held_out": 0.05}
    network = {"layers": 1, "width": 4, "skip": 0, "time_width": 0}
    run = saddlepoint.train("dynamic_gaussians", data="world:moving_scene", out=tmp_path / "run", **options, **network)
    film = ["render", str(run.folder), "--orbit", "2", "--device", "cpu", "--out"]
    assert main([*film, str(tmp_path / "through.gif")]) == 0
    assert main([*film, str(tmp_path / "still.gif"), "--time", "1"]) == 0
    result = saddlepoint.evaluate(run.folder, metrics=("psnr",), out=tmp_path / "scores.json", device="cpu")
    assert result["scores"][0]["protocol"]["real"] == 4
    with pytest.raises(ConfigError, match="does not move"):
        main(["render", str(scene), "--time", "0.5", "--out", str(tmp_path / "no.gif"), "--device", "cpu"])
    with pytest.raises(ConfigError, match="moments of its views"):
        main(["render", str(run.folder), "--test", "--time", "0.5", "--out", str(tmp_path / "no"), "--device", "cpu"])
