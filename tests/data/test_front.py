"""Houses of 3D-FRONT: what is built in stands where its room says; what is damaged is left out and named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saddlepoint.data.sources.front import read_house
from saddlepoint.data.sources.numpy_files import UnusableFile
from saddlepoint.errors import DataError

UID = "0a8d471a-2587-458a-9214-586e003e9cf9"
WALL = {"uid": "1", "xyz": [0.0, 0, 0, 2, 0, 0, 0, 3, 0], "faces": [0, 1, 2], "type": "WallInner"}


def house(**changes: Any) -> dict[str, Any]:
    """A wall that stands twice: as it is, and turned a quarter about the upward axis, moved and doubled."""
    turned = {"ref": "1", "pos": [10, 0, 0], "rot": [0, 2**-0.5, 0, 2**-0.5], "scale": [2, 2, 2]}
    room = {"type": "Bedroom", "children": [{"ref": "1", "pos": [0, 0, 0]}, turned, {"ref": "sofa"}]}
    return {"uid": UID, "mesh": [dict(WALL)], "furniture": [{"uid": "sofa"}], "scene": {"room": [room]}, **changes}


def test_parts_stand_where_their_rooms_say_with_z_up() -> None:
    places, faces = read_house(json.dumps(house()).encode())
    assert faces.tolist() == [[0, 1, 2], [3, 4, 5]]
    np.testing.assert_allclose(places[:3], [[0, 0, 0], [2, 0, 0], [0, 0, 3]], atol=1e-9)
    np.testing.assert_allclose(places[3:], [[10, 0, 0], [10, 4, 0], [10, 0, 6]], atol=1e-9)


def test_parts_that_no_room_names_stand_as_they_are() -> None:
    places, _ = read_house(json.dumps(house(scene={})).encode())
    assert len(places) == 3


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "could not be read"),
        (b"{", "could not be read"),
        (b"[]", 'no "mesh"'),
        (b"\xff\xfe\x00", "could not be read"),
        (b"[" * 100_000, "could not be read"),
        (house(mesh=[]), 'no "mesh"'),
        (house(mesh=7), 'no "mesh"'),
        (house(mesh=["wall"]), "no object"),
        (house(mesh=[{**WALL, "xyz": [0, 1]}]), 'an "xyz" that is no list'),
        (house(mesh=[{**WALL, "xyz": ["a"] * 9}]), 'an "xyz" that is no list'),
        (house(mesh=[{**WALL, "faces": [0, 1, 3]}]), "vertices that it does not have"),
        (house(mesh=[{**WALL, "faces": [0, 1, -1]}]), "vertices that it does not have"),
        (house(mesh=[{**WALL, "faces": [0, 1, 0.5]}]), "numbers that are none of a mesh"),
        (house(mesh=[{"uid": "1"}]), 'an "xyz" that is no list'),
        (house(scene={"room": [{"children": [{"ref": "1", "pos": [1, 2]}]}]}), "pos, rot or scale"),
        (house(scene={"room": [{"children": [{"ref": "1", "rot": [0, 0, 0, 0]}]}]}), "pos, rot or scale"),
        (house(scene={"room": [{"children": [{"ref": "1", "scale": "large"}]}]}), "pos, rot or scale"),
    ],
)
def test_a_damaged_house_is_left_out_by_its_reason(content: bytes | dict[str, Any], reason: str) -> None:
    with pytest.raises(UnusableFile, match=reason):
        read_house(content if isinstance(content, bytes) else json.dumps(content).encode())


def test_a_folder_of_houses_is_a_set_of_shapes(folder: Path, opened: Any) -> None:
    (folder / f"{UID}.json").write_text(json.dumps(house()))
    (folder / f"1{UID[1:]}.json").write_text("{}")
    (folder / "model_info.json").write_text("[]")
    data = opened(data=f"clouds:{folder}", shape_points=50)
    assert data.fields["cloud"].shape == (1, 50, 3)
    assert any("3D-FRONT" in note for note in data.notes)
    assert data.skipped[0][0] == f"1{UID[1:]}.json"
    (folder / f"{UID}.json").unlink()
    with pytest.raises(DataError, match=r"no usable|no file|none"):
        opened(data=f"clouds:{folder}", shape_points=50)
