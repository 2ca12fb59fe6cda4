"""CIFAR-10's batches: binary and pickled give the same images, and a pickle that wants to run code cannot."""

from __future__ import annotations

import io
import os
import pickle
import struct
import tarfile

import numpy as np
import pytest

from saddlepoint.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 3072), dtype=np.uint8)
LABELS = [3, 0, 9, 1]
BINARY = np.concatenate([np.array(LABELS, np.uint8)[:, None], PIXELS], 1).tobytes()
PICKLE = pickle.dumps({b"data": PIXELS, b"labels": LABELS, b"batch_label": b"batch 1"}, protocol=3)

NEVER = "no image of bird, deer, dog, frog, horse, ...: nothing can be learnt of it"
"""said of the few images that these tests make"""


@pytest.mark.parametrize(("name", "data"), [("data_batch_1.bin", BINARY), ("data_batch_1", PICKLE)])
def test_a_batch_is_read_by_its_name(folder, opened, name, data):
    (folder / name).write_bytes(data)
    for path in (folder, folder / name):
        found = opened(data=str(path))
        np.testing.assert_array_equal(found.images, PIXELS.reshape(4, 3, 32, 32))
        assert found.labels.tolist() == LABELS
        assert (found.classes[3], found.notes) == ("cat", (NEVER,))


def test_the_official_archive_is_read_without_unpacking_it(folder, opened):
    with tarfile.open(folder / "cifar-10-binary.tar.gz", "w:gz") as archive:
        for number, rows in ((2, BINARY[:3073]), (1, BINARY)):
            entry = tarfile.TarInfo(f"../cifar-10-batches-bin/data_batch_{number}.bin")
            entry.size = len(rows)
            archive.addfile(entry, io.BytesIO(rows))
    data = opened(data="cifar10", data_path=folder)
    assert data.labels.tolist() == [*LABELS, LABELS[0]]
    assert [path.name for path in folder.iterdir()] == ["cifar-10-binary.tar.gz"]


def test_the_test_batch_is_used_alone_only_and_that_is_said(folder, opened):
    (folder / "cifar-10-batches-bin").mkdir()
    (folder / "cifar-10-batches-bin" / "test_batch.bin").write_bytes(BINARY)
    assert opened(data="cifar10", data_path=folder).notes == ("only the test batch is there: training on it", NEVER)
    (folder / "cifar-10-batches-bin" / "data_batch_1.bin").write_bytes(BINARY * 2)
    data = opened(data="cifar10", data_path=folder)
    assert (len(data), data.notes) == (8, (NEVER,))


class Bomb:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_pickle_that_asks_for_code_is_refused_and_nothing_runs(folder, tmp_path, opened):
    (folder / "data_batch_1").write_bytes(pickle.dumps({b"data": Bomb(str(tmp_path / "ran"))}, protocol=3))
    with pytest.raises(DataError, match=r"refused: it asks for .*mkdir.* binary version"):
        opened(data=str(folder))
    assert not (tmp_path / "ran").exists()


def test_batches_as_python_2_wrote_them_are_read(folder, opened):
    """Its strings have no encoding: the official files hold names and pixels so."""
    pixels = PIXELS.tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x04M\x00\x0c\x86cnumpy\ndtype\nU\x02u1"
        b"K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T" + struct.pack("<i", len(pixels))
    )
    labels = b"".join(b"K" + bytes([label]) for label in LABELS)
    data = b"\x80\x02}(U\x04data" + array + pixels + b"tbU\x06labels](" + labels + b"eu."
    assert (pickle.loads(data, encoding="bytes")[b"data"] == PIXELS).all()
    (folder / "data_batch_1").write_bytes(data)
    np.testing.assert_array_equal(opened(data=str(folder)).images, PIXELS.reshape(4, 3, 32, 32))


def test_a_pickle_that_asks_for_memory_is_refused_and_gets_none(folder, opened):
    asked = b"\x80\x02}U\x04datacnumpy\nndarray\n\x8a\x05\x00\x00\x00\x00\x7f\x85\x85Rs."
    (folder / "data_batch_1").write_bytes(asked)
    with pytest.raises(DataError, match="images are no array"):
        opened(data=str(folder))


def test_an_archive_that_unpacks_to_more_than_there_can_be_is_refused(folder, opened):
    with tarfile.open(folder / "cifar-10-python.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("data_batch_1")
        entry.size = 2**40
        archive.addfile(entry)
    with pytest.raises(DataError, match="unpacks to more than"):
        opened(data="cifar10", data_path=folder)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"junk",
        pickle.dumps([1, 2]),
        pickle.dumps({b"data": PIXELS}, protocol=3),
        pickle.dumps({b"data": PIXELS.astype(np.float32), b"labels": LABELS}, protocol=3),
        pickle.dumps({b"data": PIXELS, b"labels": [0, 1, 2, 77]}, protocol=3),
    ],
)
def test_other_pickles_are_refused(folder, opened, data):
    (folder / "data_batch_1").write_bytes(data)
    with pytest.raises(DataError, match="data_batch_1"):
        opened(data=str(folder))


@pytest.mark.parametrize("data", [b"", BINARY[:-1]])
def test_a_binary_batch_that_is_cut_short_is_refused(folder, opened, data):
    (folder / "data_batch_1.bin").write_bytes(data)
    with pytest.raises(DataError, match="not whole records"):
        opened(data=str(folder))
