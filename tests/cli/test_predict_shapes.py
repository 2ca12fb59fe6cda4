"""predict: clouds, meshes and grids from files, with pictures; files that cannot be used are a sentence each."""

import csv
import importlib
from pathlib import Path

import numpy as np
import pytest

import saddlepoint
from saddlepoint.data.open import open_data
from saddlepoint.data.world.bodies import body, mesh
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.keyed import numpy_generator

pytest.importorskip("trimesh")

CLOSED = "OFF\n4 4 0\n1 1 1\n1 -1 -1\n-1 1 -1\n-1 -1 1\n3 0 1 2\n3 0 3 1\n3 0 2 3\n3 1 3 2\n"
CROWDED = CLOSED.replace("4 4 0", "5 5 0").replace("3 0 1 2", "2 2 2\n3 0 1 2", 1) + "3 0 1 4\n"
OPPOSITE = CLOSED.replace("3 1 3 2", "3 1 2 3")
FAR = CLOSED.replace("1 1 1", "nan 1 1", 1)
NO_PLACES = "ply\nformat ascii 1.0\nelement vertex 2\nproperty float red\nproperty float blue\nend_header\n1 2\n3 4\n"


def predict(*arguments: object) -> int:
    code: int = importlib.import_module("saddlepoint.cli.predict").main([str(one) for one in arguments])
    return code


def trained(name: str, data: str, out: Path, **settings: object) -> Path:
    return saddlepoint.train(name, data=data, out=out, examples=8, batch=8, **settings).folder  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two classes of closed meshes."""
    folder = tmp_path_factory.mktemp("shapes")
    for row in range(16):
        kind = "box" if row % 2 else "ring"
        (folder / kind).mkdir(exist_ok=True)
        places, faces = mesh(body(1 if row % 2 else 7), 40, numpy_generator("predicted", row))
        lines = [f"{x} {y} {z}" for x, y, z in places] + [f"3 {a} {b} {c}" for a, b, c in faces]
        (folder / kind / f"{row}.off").write_text(f"OFF\n{len(places)} {len(faces)} 0\n" + "\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def of_meshes(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("graph")
    return trained("graph_mesh", f"surfaces:{shapes}", out, width=4, depth=1, mesh_faces=100, cache=out / "cache")


def test_meshes_are_named_in_a_table_with_a_picture_of_each(of_meshes: Path, shapes: Path, tmp_path: Path) -> None:
    assert predict(of_meshes, shapes / "ring", "--out", tmp_path / "named.csv", "--device", "cpu") == 0
    with (tmp_path / "named.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    assert rows[0].keys() >= {"file", "class", "probability", "p(box)", "p(ring)"}
    assert len(list((tmp_path / "named-files").glob("*-class.png"))) == 8


def test_a_folder_leaves_out_what_cannot_be_used_and_tells_files_of_one_name_apart(
    of_meshes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in (("one/a.off", CLOSED), ("two/a.off", CLOSED), ("b.off", CLOSED), ("two/odd.off", CROWDED)):
        (tmp_path / "given" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "given" / name).write_text(content)
    assert predict(of_meshes, tmp_path / "given", "--out", tmp_path / "t.csv", "--device", "cpu") == 0
    assert "left out: odd.off" in capsys.readouterr().err
    with (tmp_path / "t.csv").open() as file:
        assert [row["file"] for row in csv.DictReader(file)] == ["b.off", "one/a.off", "two/a.off"]
    pictures = {path.name for path in (tmp_path / "t-files").iterdir()}
    assert pictures == {"b-class.png", "one-a-off-class.png", "two-a-off-class.png"}
    for name in ("one/a.off", "two/a.off", "b.off"):
        (tmp_path / "given" / name).unlink()
    with pytest.raises(DataError, match="can be used"):
        predict(of_meshes, tmp_path / "given", "--out", tmp_path / "u.csv", "--device", "cpu")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (CROWDED, "no manifold"),
        (OPPOSITE, "opposite ways"),
        (FAR, "not finite"),
        (CLOSED.split("3 0 1 2")[0].replace("4 4 0", "4 0 0"), "no faces"),
        ("", "could not be read|no faces"),
    ],
)
def test_a_mesh_that_cannot_be_used_is_named_with_the_reason(
    of_meshes: Path, tmp_path: Path, content: str, sentence: str
) -> None:
    path = tmp_path / "odd.off"
    path.write_text(content)
    with pytest.raises(DataError, match=sentence):
        predict(of_meshes, path, "--device", "cpu")


def test_an_open_mesh_is_used_and_a_large_one_is_not(of_meshes: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.off"
    sheet.write_text(CLOSED.replace("4 4 0", "4 3 0").replace("3 1 3 2\n", ""))
    assert predict(of_meshes, sheet, "--out", tmp_path / "sheet.csv", "--device", "cpu") == 0
    places, faces = mesh(body(0), 90, numpy_generator("large", 0))
    lines = [f"{x} {y} {z}" for x, y, z in places] + [f"3 {a} {b} {c}" for a, b, c in faces]
    (tmp_path / "large.off").write_text(f"OFF\n{len(places)} {len(faces)} 0\n" + "\n".join(lines) + "\n")
    with pytest.raises(DataError, match="--mesh-faces"):
        predict(of_meshes, tmp_path / "large.off", "--device", "cpu")
    with pytest.raises(ConfigError, match="maps are of images"):
        predict(of_meshes, sheet, "--map", "occlusion", "--device", "cpu")


def test_clouds_with_parts_are_learnt_from_a_folder_and_shown_in_colours(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    for number in range(10):
        points = np.random.default_rng(number).standard_normal((60, 3))
        np.savetxt(folder / f"{number}.txt", np.concatenate((points, (points[:, :1] > 0) * 3.0), 1))
    settings = {"shape_points": 32, "cache": tmp_path / "cache"}
    data = open_data(f"parts:{folder}", **settings)
    assert data.kinds["parts"].names == ("part 0", "part 3")  # type: ignore[attr-defined]
    assert (data.fields["parts"] == (data.fields["cloud"][..., 0] > 0)).mean() > 0.8
    run = trained("pointnet_parts", f"parts:{folder}", tmp_path / "run", width=2, **settings)
    cloud = tmp_path / "new.npy"
    np.save(cloud, np.random.default_rng(0).standard_normal((50, 3)))
    assert predict(run, cloud, "--out", tmp_path / "new.csv", "--device", "cpu") == 0
    files = {path.name for path in (tmp_path / "new-files").iterdir()}
    assert files == {"new-segments.ply", "new-segments.png"}
    for name, content, sentence in (
        ("nan.npy", np.full((9, 3), np.nan), "not finite"),
        ("empty.npy", np.zeros((0, 3)), "shape"),
    ):
        np.save(tmp_path / name, content)
        with pytest.raises(DataError, match=sentence):
            predict(run, tmp_path / name, "--device", "cpu")
    (tmp_path / "colours.ply").write_text(NO_PLACES)
    with pytest.raises(DataError, match="colours"):
        predict(run, tmp_path / "colours.ply", "--device", "cpu")
    with pytest.raises(DataError, match="no file of clouds"):
        predict(run, tmp_path / "run", "--device", "cpu")
