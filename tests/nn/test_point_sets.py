"""Neighbours, farthest points and interpolation, each against the plainest way to find it; distances of clouds."""

import itertools

import pytest
import torch

from saddlepoint.errors import ShapeError
from saddlepoint.losses.clouds import chamfer, earth_movers
from saddlepoint.nn.kernels.points import farthest, gathered, in_ball, interpolated, nearest_points, squared_distances

PLACES = torch.randn(2, 30, 3, generator=torch.Generator().manual_seed(0))


def test_farthest_points_are_each_the_farthest_from_those_before() -> None:
    chosen = farthest(PLACES, 12)
    for cloud, numbers in zip(PLACES, chosen.tolist()):
        assert numbers[0] == 0
        reach = []
        for k in range(1, 12):
            away = torch.cdist(cloud, cloud[numbers[:k]]).amin(1)
            assert numbers[k] == int(away.argmax())
            reach.append(float(away.max()))
        assert reach == sorted(reach, reverse=True)
    assert farthest(PLACES, 30).sort(1).values.tolist() == [list(range(30))] * 2
    with pytest.raises(ShapeError, match="1 to 30"):
        farthest(PLACES, 31)


def test_neighbours_are_those_of_all_pairs() -> None:
    centres = PLACES[:, :5] + 0.1
    index, distance = nearest_points(PLACES, centres, 4)
    wanted = torch.cdist(centres, PLACES).topk(4, largest=False)
    assert torch.equal(index, wanted.indices)
    assert torch.allclose(distance, wanted.values.square(), atol=1e-5)
    assert torch.equal(nearest_points(PLACES, PLACES, 1)[0][..., 0], torch.arange(30).expand(2, 30))
    assert torch.allclose(squared_distances(centres, PLACES), torch.cdist(centres, PLACES).square(), atol=1e-4)


def test_a_ball_holds_the_first_by_number_and_repeats_one_of_its_own() -> None:
    index = in_ball(PLACES, PLACES, 0.8, 6)
    for n, m in itertools.product(range(2), range(30)):
        inside = torch.nonzero((PLACES[n] - PLACES[n, m]).square().sum(1) <= 0.64).flatten().tolist()
        assert index[n, m].tolist() == (inside + [inside[0]] * 6)[:6]
    lone = torch.full((2, 1, 3), 50.0)
    far = in_ball(PLACES, lone, 0.1, 40)
    assert far.shape == (2, 1, 40)
    assert torch.equal(far[:, 0, 0], torch.cdist(lone, PLACES).argmin(2)[:, 0])


def test_interpolation_keeps_constants_and_the_values_at_places() -> None:
    values = torch.randn(2, 30, 4)
    assert torch.allclose(interpolated(torch.ones(2, 30, 1), PLACES, torch.randn(2, 9, 3)), torch.ones(2, 9, 1))
    assert torch.allclose(interpolated(values, PLACES, PLACES), values, atol=1e-4)
    assert torch.equal(gathered(values, torch.tensor([[3, 1], [0, 2]]))[1, 1], values[1, 2])


def test_distances_of_clouds_worked_by_hand() -> None:
    a = torch.tensor([[[0.0, 0, 0], [1, 0, 0]]])
    b = torch.tensor([[[0.0, 1, 0], [0, 3, 0]]])
    assert chamfer(a, b).item() == pytest.approx((1 + 2) / 2 + (1 + 9) / 2)
    # the cheaper matching: (0,0) to (0,3) and (1,0) to (0,1), or the other way
    assert earth_movers(a, b).item() == pytest.approx(min(3 + 2**0.5, 1 + 10**0.5) / 2, rel=1e-5)
    assert chamfer(PLACES, PLACES[:, torch.randperm(30)]).abs().max() == 0
    assert earth_movers(PLACES, PLACES[:, torch.randperm(30)]).max() < 1e-5
    with pytest.raises(ShapeError, match="one size"):
        earth_movers(a, PLACES[:1])
