"""Published sets of shapes as they lie on disk: which files are read, their classes, and tables that are broken."""

import json
from pathlib import Path
from typing import Any

import pytest
import trimesh

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.open import open_data
from saddlepoint.data.settings import DataSettings
from saddlepoint.errors import DataError, SaddlepointError

PLANES, CHAIRS = "02691156", "03001627"
FUTURE = [f"{digit * 8}-0000-4000-8000-{digit * 12}" for digit in "abc"]
OBJECTS = ["a" * 32, "b" * 32]


def opened(folder: Path, data: str = "clouds") -> Dataset:
    return open_data(DataSettings(data=f"{data}:{folder}", shape_points=8, cache=folder.parent / "cache"))


def lay(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        trimesh.creation.box((1, 2, 3)).export(folder / name)
    return folder


def shapenet(folder: Path) -> Path:
    models = [f"{PLANES}/a1", f"{PLANES}/a2", f"{CHAIRS}/b1"]
    lay(folder, *(f"{model}/models/model_normalized.obj" for model in models), f"{CHAIRS}/b1/other/part.obj")
    names = [{"synsetId": PLANES, "name": "airplane,aeroplane"}, {"synsetId": CHAIRS, "name": "chair"}]
    (folder / "taxonomy.json").write_text(json.dumps(names))
    return folder


def test_shapenet_has_the_first_word_of_each_synset_and_one_file_a_model(tmp_path: Path) -> None:
    data = opened(shapenet(tmp_path / "core"))
    assert data.classes == ("airplane", "chair")
    assert data.labels is not None
    assert data.labels.tolist() == [0, 0, 1]
    (tmp_path / "core" / "taxonomy.json").unlink()
    assert opened(tmp_path / "core").classes == (PLANES, CHAIRS)


def test_furniture_objects_and_rooms_are_known_by_their_layout(tmp_path: Path) -> None:
    future = lay(tmp_path / "future", *(f"{one}/{form}_model.obj" for one in FUTURE for form in ("normalized", "raw")))
    assert len(opened(future)) == 3
    info = [{"model_id": one, "super-category": word} for one, word in zip(FUTURE, ("Sofa", "Bed"))]
    (future / "model_info.json").write_text(json.dumps(info))
    data = opened(future)
    assert (data.classes, len(data)) == (("Bed", "Sofa"), 2)
    assert "has no class" in data.skipped[0][1]
    objects = lay(tmp_path / "objects", *(f"glbs/000-00{at}/{one}.glb" for at, one in enumerate(OBJECTS)))
    assert opened(objects).classes == ()
    (objects / "lvis-annotations.json").write_text(json.dumps({"mug": OBJECTS[:1], "shoe": OBJECTS[1:]}))
    assert opened(objects).classes == ("mug", "shoe")
    rooms = [f"scans/scene000{at}_00/scene000{at}_00_vh_clean{end}.ply" for at in range(2) for end in ("", "_2")]
    assert len(opened(lay(tmp_path / "rooms", *rooms), "meshes")) == 2


BROKEN: dict[str, Any] = {
    "no JSON": "{",
    "another value": "{}",
    "text": '"airplane"',
    "a number": "7",
    "nothing": "",
    "bytes": "\x00\x01",
    "deep": "[" * 100 + "]" * 100,
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_table_of_classes_is_named_in_a_sentence(what: str, tmp_path: Path) -> None:
    folder = shapenet(tmp_path / "core")
    (folder / "taxonomy.json").write_text(BROKEN[what])
    with pytest.raises(DataError, match=r"classes of .* cannot be read"):
        opened(folder)


@pytest.mark.parametrize("entries", [[], [7, None, "x"], [{"synsetId": 3}], [{"name": 5, "synsetId": PLANES}]])
def test_entries_that_say_nothing_leave_the_number(entries: list[Any], tmp_path: Path) -> None:
    folder = shapenet(tmp_path / "core")
    (folder / "taxonomy.json").write_text(json.dumps(entries))
    assert opened(folder).classes == (PLANES, CHAIRS)


def test_models_that_are_broken_or_of_no_class_are_left_out_or_refused(tmp_path: Path) -> None:
    folder = shapenet(tmp_path / "core")
    (folder / PLANES / "a1/models/model_normalized.obj").write_text("f 1 2 3\n")
    (folder / PLANES / "a2/models/model_normalized.obj").write_bytes(b"")
    data = opened(folder)
    assert len(data) == 1
    assert len(data.skipped) == 2
    future = lay(tmp_path / "future", f"{FUTURE[0]}/normalized_model.obj")
    (future / "model_info.json").write_text(json.dumps([{"model_id": "other", "super-category": "Bed"}]))
    assert opened(future).classes == ()
    with pytest.raises(SaddlepointError):
        opened(tmp_path / "none")
