"""Keyed randomness: the same key gives the same numbers, whatever was drawn before."""

import numpy as np
import pytest
import torch

from saddlepoint.keyed import generator, hashed_uniform, key, normal_rows, numpy_generator


def test_a_key_is_the_same_on_every_machine() -> None:
    # `printf 0/order/3 | b2sum -l 64` says 06561af60aa54498: little-endian, without its lowest bit
    assert key(0, "order", 3) == key("0", "order", "3") == 5486038029339273987
    assert 0 <= key("anything") < 2**63


def test_one_part_more_gives_another_key() -> None:
    keys = [key(0), key(1), key(0, 0), key(0, 1), key(0, "order"), key()]
    assert len(set(keys)) == len(keys)


def test_a_generator_depends_on_its_parts_alone() -> None:
    first = torch.randn(4, generator=generator(0, "a"))
    torch.manual_seed(5)
    assert torch.equal(first, torch.randn(4, generator=generator(0, "a")))
    assert not torch.equal(first, torch.randn(4, generator=generator(0, "b")))
    assert np.array_equal(numpy_generator(1, 2).permutation(9), numpy_generator(1, 2).permutation(9))


def test_generators_leave_the_global_one_alone() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    normal_rows(5, 2, 0)
    assert torch.equal(expected, torch.rand(3))


@pytest.mark.parametrize("uniform", [False, True])
def test_latent_i_depends_on_seed_and_i_alone(uniform: bool) -> None:
    many, few = normal_rows(200, 3, 7, uniform=uniform), normal_rows(65, 3, 7, uniform=uniform)
    assert torch.equal(many[:65], few)
    assert torch.equal(many[70:150], normal_rows(80, 3, 7, uniform=uniform, first=70))
    assert not torch.equal(many[:64], many[64:128])
    assert not torch.equal(many, normal_rows(200, 3, 8, uniform=uniform))


def test_no_rows_are_an_empty_tensor() -> None:
    assert normal_rows(0, 3, 7).shape == (0, 3)


def test_latents_are_standard_normal_or_even_over_minus_one_to_one() -> None:
    normal, even = normal_rows(20_000, 2, 0), normal_rows(20_000, 2, 0, uniform=True)
    assert abs(float(normal.mean())) < 0.02
    assert abs(float(normal.std()) - 1) < 0.02
    assert -1 <= float(even.min()) < -0.99
    assert 0.99 < float(even.max()) < 1


def test_hashed_numbers_are_even_and_depend_on_index_and_key_alone() -> None:
    index = np.arange(50_000)
    drawn = hashed_uniform(index, 0, "flip", 0, 1)
    assert np.array_equal(drawn[[3, 1]], hashed_uniform(np.array([3, 1]), 0, "flip", 0, 1))
    assert drawn.min() >= 0
    assert drawn.max() < 1
    counts = np.histogram(drawn, 10, (0, 1))[0]
    assert np.abs(counts - 5000).max() < 300  # more than four standard deviations
    other = hashed_uniform(index, 0, "flip", 0, 2)
    assert abs(np.corrcoef(drawn, other)[0, 1]) < 0.02
    assert abs(np.corrcoef(drawn[1:], drawn[:-1])[0, 1]) < 0.02
