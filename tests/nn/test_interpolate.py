"""Between the corners of grids: dense, hashed and sparse, and the backward pass of the lookup."""

import pytest
import torch

from saddlepoint.errors import ConfigError
from saddlepoint.nn.kernels.interpolate import (
    PRIMES,
    gathered_rows,
    grid_corners,
    hashed_corners,
    sparse_corners,
    weighted_rows,
)
from saddlepoint.nn.layers.hash_grid import HashGrid


def one(side: int, begin: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor([float(side)], dtype=torch.float64), torch.tensor([begin])


def places(count: int) -> torch.Tensor:
    return torch.rand(count, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_a_linear_function_is_exact_between_the_corners_of_a_grid() -> None:
    line = torch.arange(6, dtype=torch.float64) / 5
    corner = torch.stack(torch.meshgrid(line, line, line, indexing="ij"), -1).view(-1, 3)
    slope = torch.tensor([[2.0, -1.0], [0.5, 3.0], [-4.0, 1.0]]).double()
    place = torch.cat((places(50), torch.tensor([[0.0, 0, 0], [1, 1, 1]]).double()))
    index, weight = grid_corners(place, *one(5))
    assert torch.allclose(weighted_rows(corner @ slope, index[:, 0], weight[:, 0]), place @ slope, atol=1e-12)


def test_the_lookup_is_its_readable_form_with_the_same_gradient() -> None:
    table = torch.randn(216, 3, dtype=torch.float64)
    index, weight = (part[:, 0] for part in grid_corners(places(40), *one(5)))
    tables = [table.clone().requires_grad_() for _ in range(2)]
    slope = torch.randn(40, 3, dtype=torch.float64)
    for own, look in zip(tables, (weighted_rows, gathered_rows)):
        (look(own, index, weight) * slope).sum().backward()
    assert torch.allclose(tables[0].grad, tables[1].grad, atol=1e-12)  # type: ignore[arg-type]
    assert weighted_rows(table, index[:0], weight[:0]).shape == (0, 3)


def test_corners_are_hashed_by_the_xor_of_their_coordinates_times_primes() -> None:
    index, weight = hashed_corners(places(20), *one(100, begin=7), rows=1024)
    low = (places(20) * 100).long()
    for number, (x, y, z) in enumerate((x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)):
        corner = low + torch.tensor([x, y, z])
        mixed = corner[:, 0] * PRIMES[0] ^ corner[:, 1] * PRIMES[1] ^ corner[:, 2] * PRIMES[2]
        assert torch.equal(index[:, 0, number].long(), mixed % 1024 + 7)
    assert torch.allclose(weight.sum(-1), torch.ones(20, 1).double())


def test_corners_without_a_row_count_as_nothing() -> None:
    rows = torch.full((216,), -1, dtype=torch.int32)
    rows[::3] = torch.arange(72, dtype=torch.int32)
    dense = torch.zeros(216, 2, dtype=torch.float64)
    table = torch.randn(72, 2, dtype=torch.float64)
    dense[::3] = table
    index, weight = grid_corners(places(30), *one(5))
    sparse = weighted_rows(table, *sparse_corners(places(30), 5, rows))
    assert torch.allclose(sparse, weighted_rows(dense, index[:, 0], weight[:, 0]))


def test_a_level_that_fits_is_dense_and_features_move_with_places() -> None:
    grid = HashGrid(4, 2, 2**12, 4, 32).double()
    assert grid.sides.tolist() == [4, 8, 16, 32]
    assert (grid.dense, len(grid.table), grid.width) == (2, 125 + 729 + 2 * 4096, 8)
    place = places(6)
    with torch.no_grad():
        grid.table.normal_()
    plain = grid(place)
    moved = grid(place.requires_grad_())
    assert torch.allclose(plain, moved)
    moved[:, 5].sum().backward()
    step = torch.tensor([1e-7, 0, 0]).double()
    with torch.no_grad():
        slope = (grid(place + step) - grid(place - step))[:, 5] / 2e-7
    assert torch.allclose(place.grad[:, 0], slope, rtol=1e-5)  # type: ignore[index]
    with pytest.raises(ConfigError, match="a power of two"):
        HashGrid(2, 2, 1000, 4, 8)


def test_many_places_are_looked_up_in_parts_with_the_same_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = HashGrid(3, 2, 64, 2, 9)
    place = torch.rand(23, 3)
    index, weight = grid.corners(place)
    monkeypatch.setattr("saddlepoint.nn.layers.hash_grid._AT_ONCE", 5)
    parts = grid.corners(place)
    assert torch.equal(parts[0], index)
    assert torch.equal(parts[1], weight)
