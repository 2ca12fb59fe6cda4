"""Clouds and meshes from files: points on surfaces, and that each of many bad files is left out and named."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from saddlepoint.data.batches import CloudBatch
from saddlepoint.data.loader import Loader
from saddlepoint.data.sources.numpy_files import UnusableFile
from saddlepoint.data.sources.shapes import read_shape
from saddlepoint.errors import ConfigError

trimesh = pytest.importorskip("trimesh")

SQUARE = [(0, 0, 0), (4, 0, 0), (4, 2, 0), (0, 2, 0)]
OFF = "OFF\n4 2 0\n" + "".join(f"{x} {y} {z}\n" for x, y, z in SQUARE) + "3 0 1 2\n3 0 2 3\n"
OBJ = "".join(f"v {x} {y} {z}\n" for x, y, z in SQUARE) + "f 1 2 3\nf 1 3 4\n"
PLY = (
    "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\n"
    "element face 2\nproperty list uchar int vertex_indices\nend_header\n"
    + "".join(f"{x} {y} {z}\n" for x, y, z in SQUARE)
    + "3 0 1 2\n3 0 2 3\n"
)


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def read(name: str, content: bytes | str, points: int = 64, **options: bool) -> np.ndarray:
    raw = content.encode() if isinstance(content, str) else content
    return read_shape(name, io.BytesIO(raw), len(raw), points, **options)


GOOD = {
    "a.off": OFF,
    "one_line.off": OFF.replace("OFF\n4", "OFF4", 1),
    "a.obj": OBJ,
    "a.ply": PLY,
}


@pytest.mark.parametrize("name", GOOD)
def test_points_lie_evenly_on_the_surface_in_its_own_proportions(name):
    cloud = read(name, GOOD[name], 2000)
    assert (cloud.shape, cloud.dtype) == ((2000, 3), np.float32)
    assert np.abs(cloud[:, 2]).max() < 1e-6
    assert cloud[:, 0].min() == pytest.approx(-1, abs=1e-5)
    assert cloud[:, 1].max() == pytest.approx(0.5, abs=0.01)
    assert np.abs(cloud.mean(0)).max() < 0.05
    assert (read(name, GOOD[name], 2000) == cloud).all()


def test_a_binary_scene_has_its_height_along_z():
    tower = trimesh.creation.box(extents=(1, 4, 2))
    cloud = read("tower.glb", trimesh.exchange.gltf.export_glb(trimesh.Scene(tower)), 4000)
    low, high = cloud.min(0), cloud.max(0)
    assert (high - low).tolist() == pytest.approx([0.5, 1.0, 2.0], abs=0.05)


def test_a_cloud_gives_its_own_points_and_what_it_says_of_them():
    rng = np.random.default_rng(0)
    points = np.concatenate((rng.uniform(-2, 2, (100, 3)), rng.random((100, 3))), 1)
    cloud = read("a.npy", npy(points), 50)
    assert cloud.shape == (50, 6)
    assert len(np.unique(cloud, axis=0)) == 50
    assert {*np.round(cloud[:, 3], 5)} <= {*np.round(points[:, 3], 5).astype(np.float32)}
    assert len(read("a.npy", npy(points[:7]), 50)) == 50
    table = "\n".join(" ".join(map(str, row)) for row in points[:9, :3])
    assert read("a.xyz", table, 9).shape == (9, 3)


def test_a_folder_of_shapes_is_a_data_set(folder, opened):
    for name, content in GOOD.items():
        (folder / "class").mkdir(exist_ok=True)
        (folder / "class" / name).write_text(content)
        (folder / "other").mkdir(exist_ok=True)
        (folder / "other" / name).write_text(content)
    for kind in ("clouds", "meshes"):
        data = opened(data=f"{kind}:{folder}", shape_points=32)
        assert (data.fields["cloud"].shape, data.classes) == ((8, 32, 3), ("class", "other"))
        assert "32 points drawn of each, centred, the longest side from -1 to 1" in data.notes
        assert Loader(data, CloudBatch, np.arange(8)).read(0, 4).cloud.shape == (4, 32, 3)
    with pytest.raises(ConfigError, match="shape_points cannot be 0"):
        opened(data=f"clouds:{folder}", shape_points=0)


BAD = {
    "empty.off": "",
    "text.off": "no mesh at all",
    "cut.off": OFF[:20],
    "counts.off": OFF.replace("4 2 0", "4000000000 2 0"),
    "index.off": OFF.replace("3 0 2 3", "3 0 2 9"),
    "negative.off": OFF.replace("3 0 2 3", "3 0 2 -3"),
    "nan.off": OFF.replace("4 2 0\n0", "4 2 0\nnan", 1).replace("4 0 0", "nan nan nan"),
    "flat.off": OFF.replace("4 0 0", "0 0 0").replace("4 2 0\n0 2", "0 0 0\n0 0").replace("0 2 0", "0 0 0"),
    "text.obj": "v one two three\nf 1 2 3\n",
    "index.obj": OBJ.replace("f 1 3 4", "f 1 3 400"),
    "empty.obj": "# nothing\n",
    "head.ply": PLY[:60],
    "counts.ply": PLY.replace("vertex 4", "vertex 4000000000"),
    "other.ply": PLY.replace("property float x", "property float u"),
    "few.ply": PLY.replace("vertex 4", "vertex 9"),
    "binary.ply": PLY.replace("ascii", "binary_little_endian").encode()[:-10],
    "magic.glb": b"glTF" + struct.pack("<II", 2, 2**31) + b"\0" * 8,
    "outside.glb": b"glTF"
    + struct.pack("<III4s", 2, 20 + 92, 92, b"JSON")
    + b'{"asset":{"version":"2.0"},"buffers":[{"uri":"../../../etc/passwd","byteLength":9}]}'.ljust(92),
    "count.stl": b"\0" * 80 + struct.pack("<I", 2**31) + b"\0" * 50,
    "objects.npy": b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (9,), }".ljust(128),
    "narrow.npy": npy(np.zeros((5, 2))),
    "none.npy": npy(np.zeros((0, 3))),
    "nan.npy": npy(np.full((5, 3), np.nan)),
    "vast.npy": npy(np.full((5, 3), 1e300)),
    "point.npy": npy(np.ones((5, 3))),
    "words.xyz": "a b c\n",
    "ragged.xyz": "1 2 3\n4 5\n",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_has_one_reason(name):
    with pytest.raises(UnusableFile) as error:
        read(name, BAD[name])
    assert 5 < len(str(error.value)) < 250


def test_bad_files_are_left_out_and_named(folder, opened):
    (folder / "good.off").write_text(OFF)
    for name, content in BAD.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    data = opened(data=f"clouds:{folder}", shape_points=16)
    assert len(data) == 1
    assert dict(data.skipped).keys() == BAD.keys()


def test_a_mesh_without_faces_is_no_mesh_but_a_cloud():
    points = PLY.replace("element face 2\nproperty list uchar int vertex_indices\n", "").replace(
        "3 0 1 2\n3 0 2 3\n", ""
    )
    assert read("a.ply", points, 4).shape == (4, 3)
    with pytest.raises(UnusableFile, match="has no faces"):
        read("a.ply", points, 4, faces=True)
