"""Separability: what is parted gets all, what is not gets chance, and what a straight line cannot part is told."""

import math

import pytest
import torch

from saddlepoint.errors import DataError, ShapeError
from saddlepoint.latent.separability import check_separable, separability

HALVES = torch.arange(200) % 2


def noise(*shape):
    return torch.randn(*shape, generator=torch.manual_seed(0))


def test_clusters_far_apart_are_named_rightly_and_chance_is_the_largest_class():
    labels = torch.tensor([0] * 150 + [1] * 50)
    found = separability(noise(200, 3) + 9 * labels[:, None], labels, ["a", "b"])
    assert found == (1.0, 1.0, 0.75)


def test_codes_that_say_nothing_are_near_chance():
    found = separability(noise(200, 2), HALVES, ["a", "b"])
    assert abs(found.nearest - 0.5) < 0.1
    assert abs(found.linear - 0.5) < 0.1


def test_rings_are_parted_by_neighbours_and_not_by_a_straight_line():
    angle = torch.linspace(0, 20 * math.pi, 200)
    rings = (1 + 2 * HALVES)[:, None] * torch.stack((angle.cos(), angle.sin()), 1)
    found = separability(rings, HALVES, ["in", "out"])
    assert found.nearest == 1
    assert found.linear < 0.7


def test_neither_scale_nor_shift_of_the_codes_matters():
    codes = noise(200, 2) + HALVES[:, None]
    assert separability(codes, HALVES, ["a", "b"]) == separability(1000 * codes + 7, HALVES, ["a", "b"])


def test_too_few_classes_or_images_are_told():
    with pytest.raises(DataError, match="class rare has 3 images, and 5 of each are needed"):
        check_separable(torch.tensor([0] * 9 + [1] * 3), ["often", "rare"])
    with pytest.raises(DataError, match="class absent has 0 images"):
        check_separable(torch.zeros(9, dtype=torch.long), ["often", "absent"])
    with pytest.raises(DataError, match="two classes or more"):
        check_separable(torch.zeros(9, dtype=torch.long), ["often"])
    with pytest.raises(ShapeError, match="a label each"):
        separability(noise(4, 2), HALVES, ["a", "b"])
