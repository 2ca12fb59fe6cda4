"""The order of examples is a function of (seed, stage, epoch): whole epochs, no row twice, no memory."""

import numpy as np
import pytest

from saddlepoint.data.order import balanced_rows_at, batches_per_epoch, epoch_of, rows_at


def test_an_epoch_shows_each_row_once_but_for_the_incomplete_last_batch() -> None:
    shown = np.concatenate([rows_at(position, 50, 8, seed=0) for position in range(batches_per_epoch(50, 8))])
    assert len(shown) == len(set(shown.tolist())) == 48
    assert shown.min() >= 0
    assert shown.max() < 50


def test_positions_run_on_over_epochs() -> None:
    assert [epoch_of(position, 50, 8) for position in (0, 5, 6, 13)] == [(0, 0), (0, 5), (1, 0), (2, 1)]


@pytest.mark.parametrize("other", [{"position": 6}, {"seed": 1}, {"stage": 1}])
def test_another_epoch_seed_or_stage_is_another_order(other: dict[str, int]) -> None:
    base = {"position": 0, "rows": 50, "batch": 8, "seed": 0, "stage": 0}
    assert np.array_equal(rows_at(**base), rows_at(**base))
    assert not np.array_equal(rows_at(**base), rows_at(**base | other))


def test_the_order_does_not_depend_on_the_batch_size() -> None:
    whole = rows_at(0, 64, 32, seed=0)
    assert np.array_equal(whole, np.concatenate([rows_at(position, 64, 8, seed=0) for position in range(4)]))


def test_balanced_batches_show_each_class_as_often_and_each_of_its_rows_in_turn() -> None:
    groups = [np.arange(90), np.arange(90, 95), np.arange(95, 100)]
    shown = [balanced_rows_at(position, groups, 8, seed=0) for position in range(15)]
    for rows in shown:
        counts = [int(np.isin(rows, group).sum()) for group in groups]
        assert max(counts) - min(counts) <= 1
    whole = np.concatenate(shown)  # 120 images, 40 a class
    counts = np.bincount(whole, minlength=100)
    assert counts[:90].max() == 1
    assert counts[90:].tolist() == [8] * 10


def test_a_balanced_batch_is_a_function_of_its_position_and_does_not_show_the_classes_in_order() -> None:
    groups = [np.arange(0, 40), np.arange(40, 80)]
    later = balanced_rows_at(7, groups, 8, seed=0)
    balanced_rows_at(2, groups, 8, seed=0)
    assert np.array_equal(balanced_rows_at(7, groups, 8, seed=0), later)
    assert not np.array_equal(balanced_rows_at(7, groups, 8, seed=1), later)
    assert (later >= 40).tolist() != [False, True] * 4
