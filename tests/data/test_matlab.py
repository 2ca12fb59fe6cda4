"""SVHN and the Olivetti faces from their own files."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.io import savemat

from saddlepoint.errors import DataError, OfflineError

DIGITS = np.random.default_rng(0).integers(0, 256, (32, 32, 3, 5), dtype=np.uint8)
FACES = np.random.default_rng(1).integers(0, 256, (400, 64, 64), dtype=np.uint8)


def test_svhn_is_read_with_its_ten_written_as_zero(folder, opened):
    savemat(folder / "train_32x32.mat", {"X": DIGITS, "y": np.array([[1], [10], [3], [9], [10]])})
    data = opened(data="svhn", data_path=folder)
    np.testing.assert_array_equal(data.images[2], DIGITS[..., 2].transpose(2, 0, 1))
    assert data.labels.tolist() == [1, 0, 3, 9, 0]
    assert data.notes == ("no image of 2, 4, 5, 6, 7, ...: nothing can be learnt of it",)


def test_another_part_of_svhn_is_used_and_said(folder, opened):
    savemat(folder / "test_32x32.mat", {"X": DIGITS, "y": np.ones((5, 1))})
    assert opened(data="svhn", data_path=folder).notes[0] == "only the test part is there: training on it"


def test_the_faces_are_the_same_from_either_file(folder, tmp_path, opened):
    np.save(folder / "olivetti_faces.npy", FACES.astype(np.float32) / 255)
    other = tmp_path / "other"
    other.mkdir()
    savemat(other / "olivettifaces.mat", {"faces": FACES.transpose(0, 2, 1).reshape(400, -1).T})
    data = opened(data="olivetti", data_path=folder)
    np.testing.assert_array_equal(data.images, FACES[:, None])
    assert data.labels[[0, 9, 10, 399]].tolist() == [0, 0, 1, 39]
    assert opened(data="olivetti", data_path=other).fingerprint == data.fingerprint


@pytest.mark.parametrize(("word", "file"), [("svhn", "train_32x32.mat"), ("olivetti", "olivettifaces.mat")])
def test_damaged_missing_and_foreign_files_are_refused(folder, opened, word, file):
    with pytest.raises(OfflineError, match="--data-path"):
        opened(data=word)
    with pytest.raises(DataError, match=f"put {file}"):
        opened(data=word, data_path=folder)
    (folder / file).write_bytes(b"junk")
    with pytest.raises(DataError, match="cannot be read"):
        opened(data=word, data_path=folder)
    savemat(folder / file, {"other": np.zeros(3)})
    with pytest.raises(DataError, match="does not hold"):
        opened(data=word, data_path=folder)


def test_an_array_that_hides_objects_is_not_unpickled(folder, opened):
    np.save(folder / "olivetti_faces.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="cannot be read"):
        opened(data="olivetti", data_path=folder)
