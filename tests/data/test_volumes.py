"""Volumes from files: what is read, and that each of many bad ones is left out and named within bounded memory."""

from __future__ import annotations

import io
import tracemalloc
import zipfile

import numpy as np
import pytest

from saddlepoint.data.batches import VolumeBatch
from saddlepoint.data.loader import Loader
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.kinds.volume import Volume

BALL = np.random.default_rng(0).random((4, 5, 6)) < 0.5


def binvox(grid: np.ndarray, dims: tuple[int, ...] | None = None) -> bytes:
    """[D, H, W] = [z, y, x] as .binvox, in runs of one."""
    flat = grid.transpose(2, 0, 1).reshape(-1).astype(np.uint8)
    x, z, y = dims or (grid.shape[2], grid.shape[0], grid.shape[1])
    runs = np.stack((flat, np.ones_like(flat)), 1).tobytes()
    return f"#binvox 1\ndim {x} {z} {y}\ntranslate 0 0 0\nscale 1\ndata\n".encode() + runs


def npy(array: np.ndarray, **options: bool) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


GOOD = {
    "bool.npy": npy(BALL),
    "columns.npy": npy(np.asfortranarray(BALL)),
    "float.npy": npy(BALL.astype(np.float64)),
    "whole.npy": npy(BALL.astype(np.int64)),
    "bytes.npy": npy(BALL.astype(np.uint8) * 255),
    "channel.npy": npy(BALL[None]),
    "named.npz": npz(voxels=BALL, other=np.zeros((4, 5, 6))),
    "only.npz": npz(anything=BALL, label=np.array(3)),
    "runs.binvox": binvox(BALL),
}


def test_every_form_holds_the_same_volume(folder, opened):
    for name, content in GOOD.items():
        (folder / name).write_bytes(content)
    data = opened(data=f"volumes:{folder}")
    assert (data.skipped, data.fields["volume"].shape) == ((), (len(GOOD), 1, 4, 5, 6))
    assert (data.fields["volume"] == BALL * 255).all()
    assert data.main == Volume(1, 4, 5, 6)
    batch = Loader(data, VolumeBatch, np.arange(len(data))).read(0, 4)
    assert batch.volume.unique().tolist() == [0, 1]


def test_folders_are_classes_and_a_training_folder_within_each_is_taken(folder, opened):
    for name in ("chair/train/1.npy", "chair/test/2.npy", "sofa/train/3.npy", "sofa/test/4.npy"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(npy(BALL))
    data = opened(data=f"volumes:{folder}")
    assert (data.classes, data.labels.tolist()) == (("chair", "sofa"), [0, 1])
    assert any("2 images in folders for testing" in note or "2 files" in note for note in data.notes)


def test_a_zip_of_volumes_is_read_in_place(tmp_path, opened):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, content in GOOD.items():
            archive.writestr(name, content)
    assert len(opened(data=f"volumes:{tmp_path}/a.zip")) == len(GOOD)


def declaring(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return stream.getvalue() + b"\0" * 64


def huge_entry() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("volume.npy", declaring((4000, 4000, 4000)))
    return stream.getvalue()


BAD = {
    "empty.npy": (b"", "is not a .npy file"),
    "cut.npy": (GOOD["bool.npy"][:-5], "is cut short"),
    "text.npy": (b"no array", "is not a .npy file"),
    "objects.npy": (npy(np.array([{}, None], dtype=object), allow_pickle=True), "holds object, not numbers"),
    "nan.npy": (npy(np.full((4, 5, 6), np.nan)), "not finite"),
    "flat.npy": (npy(np.zeros((4, 5))), "has the shape [4, 5]"),
    "wide.npy": (npy(np.zeros((9, 4, 5, 6))), "has the shape [9, 4, 5, 6]"),
    "none.npy": (npy(np.zeros((0, 5, 6))), "has the shape"),
    "range.npy": (npy(np.full((4, 5, 6), -3.0)), "holds values from -3 to -3"),
    "other.npy": (npy(np.zeros((7, 7, 7), bool)), "is 1x7x7x7, where most are 1x4x5x6"),
    "huge.npy": (declaring((4000, 4000, 4000)), "declares 64,000,000,000 bytes"),
    "words.npy": (npy(np.full((4, 5, 6), "a")), "not numbers"),
    "bad.npz": (b"PK\x03\x04 no zip", "is not a .npz file"),
    "two.npz": (npz(a=BALL, b=BALL), "holds 2 arrays that could be the data"),
    "lacks.npz": (npz(a=np.zeros(3)), "holds 0 arrays"),
    "huge.npz": (huge_entry(), "declares 64,000,000,000 bytes"),
    "head.binvox": (b"#binvox 1\ndim 4 4\ndata\n", "is not a .binvox file"),
    "cut.binvox": (GOOD["runs.binvox"][:-1], "ends in the middle of a run"),
    "short.binvox": (GOOD["runs.binvox"][:-2], "holds 119 voxels where its head declares 120"),
    "huge.binvox": (binvox(BALL, (1000, 1000, 1000)), "declares 1,000,000,000 voxels, more than"),
    "zero.binvox": (binvox(BALL, (0, 5, 4)), "declares 0x5x4 voxels"),
    "vast.binvox": (binvox(BALL, (99999, 99999, 99999)), "declares 99999x99999x99999 voxels"),
}


def test_bad_files_are_left_out_and_named_within_bounded_memory(folder, opened):
    for name, content in GOOD.items():
        (folder / name).write_bytes(content)
    for name, (content, _) in BAD.items():
        (folder / name).write_bytes(content)
    tracemalloc.start()
    data = opened(data=f"volumes:{folder}")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(data) == len(GOOD)
    reasons = dict(data.skipped)
    assert reasons.keys() == BAD.keys()
    for name, (_, words) in BAD.items():
        assert words in reasons[name]
    assert peak < 50 * 2**20


def test_what_holds_no_volume_is_refused_in_a_sentence(folder, opened):
    with pytest.raises(DataError, match="holds no file of a kind that is read"):
        opened(data=f"volumes:{folder}")
    (folder / "a.npy").write_bytes(b"")
    with pytest.raises(DataError, match=r"no file of .* is usable: 1 file left out, such as a.npy: is not a .npy file"):
        opened(data=f"volumes:{folder}")
    with pytest.raises(ConfigError, match="must name a folder or a zip"):
        opened(data=f"volumes:{folder}/gone")
    with pytest.raises(ConfigError, match="leave out --resolution"):
        opened(data=f"volumes:{folder}", resolution=8)


def test_a_pack_whose_byte_was_flipped_is_not_trained_on(folder, tmp_path, opened, monkeypatch):
    from saddlepoint.data import pack

    (folder / "a.npy").write_bytes(GOOD["bool.npy"])
    opened(data=f"volumes:{folder}")
    (file,) = (tmp_path / "cache" / "packs").glob("*/volume.npy")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    monkeypatch.setattr(pack, "_checked", set())
    with pytest.raises(DataError, match=r"is damaged .*its bytes are not those that were written"):
        opened(data=f"volumes:{folder}")
