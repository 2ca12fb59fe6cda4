"""Mean and covariance, whole, streamed, merged and kept in files."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from metric_inputs import made_features

from saddlepoint.errors import DataError, ShapeError
from saddlepoint.metrics.formulas.statistics import Moments, gaussian, read_statistics, write_statistics


@pytest.mark.parametrize("n", [9, 20, 500])
def test_a_stream_gives_what_numpy_gives(n):
    rows = made_features(n, 12, "a", shift=100)
    moments = Moments()
    for start in range(0, n, 7):
        moments.add(rows[start : start + 7])
    found = moments.gaussian()
    assert found.n == n
    np.testing.assert_allclose(found.mean, rows.astype(np.float64).mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(rows.astype(np.float64), rowvar=False), atol=1e-12)
    assert found.full_rank_possible == (n > 12)


@pytest.mark.parametrize("sizes", [(3, 4), (3, 200), (200, 3), (150, 170)])
def test_parts_gathered_apart_merge_to_the_whole(sizes):
    rows = made_features(sum(sizes), 12, "a")
    parts = [Moments(), Moments()]
    parts[0].add(rows[: sizes[0]])
    parts[1].add(rows[sizes[0] :])
    parts[0].merge(parts[1])
    whole = gaussian(rows)
    np.testing.assert_allclose(parts[0].gaussian().covariance, whole.covariance, atol=1e-12)
    np.testing.assert_allclose(parts[0].gaussian().mean, whole.mean, atol=1e-12)
    assert parts[0].gaussian().n == len(rows)


def test_what_a_stream_holds_does_not_grow():
    moments = Moments()
    for _ in range(100):
        moments.add(made_features(10, 8, "a"))
        assert sum(len(rows) for rows in moments._rows) <= 8 + 10


def test_the_root_squared_is_the_covariance():
    found = gaussian(made_features(6, 12, "a"))
    np.testing.assert_allclose(found.root.T @ found.root, found.covariance, atol=1e-12)


def test_a_file_is_read_as_it_was_written(tmp_path):
    found = gaussian(made_features(50, 12, "a"))
    write_statistics(tmp_path / "set.npz", found)
    again = read_statistics(tmp_path / "set.npz")
    assert again.n == 50
    np.testing.assert_array_equal(again.covariance, found.covariance)


def test_a_file_with_mu_and_sigma_alone_is_read(tmp_path):
    np.savez(tmp_path / "theirs.npz", mu=np.zeros(3), sigma=np.eye(3))
    found = read_statistics(tmp_path / "theirs.npz")
    assert found.n is None
    assert found.full_rank_possible


def test_other_files_are_refused(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    (tmp_path / "text.npz").write_text("no arrays")
    for name in ("other.npz", "text.npz", "missing.npz"):
        with pytest.raises(DataError, match="mu"):
            read_statistics(tmp_path / name)


def test_features_that_cannot_be_measured_are_refused():
    with pytest.raises(ShapeError, match="two images"):
        gaussian(np.zeros((1, 4)))
    with pytest.raises(ShapeError, match="two images"):
        Moments().gaussian()
    with pytest.raises(DataError, match="not finite"):
        gaussian(np.full((5, 4), np.nan))
    with pytest.raises(ShapeError, match="one d"):
        gaussian(np.zeros(4))


def test_a_statistics_file_that_declares_more_than_it_has_is_refused_and_gets_no_memory(tmp_path: Path) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (2**40,)})
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w") as archive:
        archive.writestr("mu.npy", head.getvalue())
        archive.writestr("sigma.npy", head.getvalue())
    with pytest.raises(DataError, match="declares 8,796,093,022,208 bytes"):
        read_statistics(tmp_path / "bomb.npz")
