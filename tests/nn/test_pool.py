"""A pool keeps its shapes while rows are born, doubled and pruned."""

from __future__ import annotations

import pytest
import torch

from saddlepoint.errors import ShapeError
from saddlepoint.nn.layers.number import Number
from saddlepoint.nn.layers.pool import Pool


def pool() -> Pool:
    return Pool(6, mean=torch.arange(8.0).view(4, 2), weight=torch.tensor([1.0, 2.0, 3.0, 4.0]))


def test_a_pool_starts_with_the_rows_it_is_given() -> None:
    made = pool()
    assert len(made) == 4
    assert {name: tuple(value.shape) for name, value in made.named_parameters()} == {"mean": (6, 2), "weight": (6,)}
    assert made.living()["weight"].tolist() == [1, 2, 3, 4]
    assert made.living()["mean"].requires_grad


def test_births_take_free_rows_and_no_more_than_there_are() -> None:
    made = pool()
    made.prune(torch.tensor([1]))
    rows = made.bear(mean=torch.full((5, 2), 7.0), weight=torch.tensor([5.0, 6.0, 7.0, 8.0, 9.0]))
    assert rows.tolist() == [1, 4, 5]
    assert made.weight.tolist() == [1, 5, 3, 4, 6, 7]
    assert len(made) == 6
    assert len(made.bear(mean=torch.ones(1, 2), weight=torch.ones(1))) == 0


def test_a_twin_is_a_copy() -> None:
    made = pool()
    rows, twins = made.twin(torch.tensor([False, True, True, True, False, False]))
    assert (rows.tolist(), twins.tolist()) == ([1, 2], [4, 5])  # there was room for two
    assert torch.equal(made.mean[rows], made.mean[twins])
    assert made.weight[twins].tolist() == [2, 3]


def test_pruning_changes_no_shape_and_no_value() -> None:
    made = pool()
    before = {name: value.clone() for name, value in made.state_dict().items()}
    made.prune(torch.tensor([True, False, False, True, False, False]))
    assert made.living()["weight"].tolist() == [2, 3]
    assert torch.equal(made.weight, before["weight"])
    assert {name: value.shape for name, value in made.state_dict().items()} == {
        name: value.shape for name, value in before.items()
    }


def test_rows_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ShapeError, match="a pool of 2 rows cannot start with"):
        Pool(2, mean=torch.zeros(3, 2))
    with pytest.raises(ShapeError, match="a pool of 6 rows cannot start with"):
        Pool(6, mean=torch.zeros(3, 2), weight=torch.zeros(4))
    with pytest.raises(ShapeError, match="new rows need all of mean, weight; weight do not fit"):
        pool().bear(mean=torch.zeros(1, 2))


def test_a_number_is_a_buffer_of_its_own() -> None:
    first = torch.ones(2)
    one, two = Number(), Number(first)
    two.value += 1
    assert one.state_dict().keys() == {"value"}
    assert (one.value.item(), one.value.dtype) == (0, torch.float32)
    assert first.tolist() == [1, 1]
    assert list(one.parameters()) == []
