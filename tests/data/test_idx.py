"""IDX files: to the bit, plain and gzipped, with and without labels; cut or false ones are refused."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from saddlepoint.data.sources.idx import read_idx
from saddlepoint.errors import DataError

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 5, 5), dtype=np.uint8)
LABELS = np.array([3, 1, 2, 0, 1, 9], np.uint8)


def idx(array: np.ndarray) -> bytes:
    return (
        struct.pack(f">3xB{array.ndim}I", array.ndim, *array.shape).replace(b"\0\0\0", b"\0\0\x08", 1) + array.tobytes()
    )


def written(folder: Path, part: str = "train", images: np.ndarray = IMAGES, pack: bool = False) -> Path:
    for kind, array in (("images-idx3", images), ("labels-idx1", LABELS)):
        name = f"{part}-{kind}-ubyte"
        if pack:
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
        else:
            (folder / name).write_bytes(idx(array))
    return folder / (f"{part}-images-idx3-ubyte" + (".gz" if pack else ""))


@pytest.mark.parametrize("pack", [True, False])
def test_an_idx_file_with_its_labels_beside_it_comes_back_to_the_bit(folder, opened, pack):
    data = opened(data=str(written(folder, pack=pack)))
    np.testing.assert_array_equal(data.images, IMAGES[:, None])
    assert data.labels.tolist() == LABELS.tolist()
    assert data.classes == tuple("0123456789")


def test_a_folder_with_the_official_names_is_read_by_its_training_part(folder, opened):
    written(folder, "t10k", images=255 - IMAGES)
    assert opened(data=str(folder)).notes[0] == "this is the test part (t10k): training on it"
    written(folder)
    data = opened(data=str(folder))
    np.testing.assert_array_equal(data.images, IMAGES[:, None])
    assert data.notes == ("no image of 4, 5, 6, 7, 8: nothing can be learnt of it",)


def test_without_labels_there_are_no_classes_and_that_is_said(folder, opened):
    path = folder / "pictures-idx3-ubyte"
    path.write_bytes(idx(IMAGES))
    data = opened(data=str(path))
    assert (data.labels, data.classes) == (None, ())
    assert data.notes == ("no file of labels lies beside the images: they have no classes",)


def test_idx_images_are_enlarged_like_others(folder, opened):
    assert opened(data=str(written(folder)), resolution=8).images.shape == (6, 1, 8, 8)


def test_changed_labels_are_not_taken_from_an_old_pack(folder, opened):
    path = written(folder)
    opened(data=str(path), resolution=8)
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(LABELS[::-1].copy()))
    assert opened(data=str(path), resolution=8).labels.tolist() == LABELS[::-1].tolist()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (idx(IMAGES)[:-1], "announces"),
        (idx(IMAGES) + b"\0", "announces"),
        (b"\0\0\x0d\x03" + bytes(20), "not an IDX file of bytes"),
        (b"", "not an IDX file of bytes"),
        (b"\0\0\x08\x03\0", "announces"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "announces"),
        (gzip.compress(idx(IMAGES))[:-9], "fetch it again"),
    ],
)
def test_a_cut_or_false_idx_file_is_refused(tmp_path, data, words):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(data)
    with pytest.raises(DataError, match=words):
        read_idx(path)


def test_labels_that_do_not_count_the_images_are_refused(folder, opened):
    path = written(folder, images=IMAGES[:4])
    with pytest.raises(DataError, match=r"4 images and .* labels"):
        opened(data=str(path))


def test_an_idx_file_of_labels_is_not_taken_for_images(folder, opened):
    written(folder)
    with pytest.raises(DataError, match="not images"):
        opened(data=str(folder / "train-labels-idx1-ubyte"))
