"""Sets of images that are read more than once."""

import numpy as np
import pytest
import torch
from metric_inputs import made_images

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import CapabilityError
from saddlepoint.methods.gan.dcgan import DCGAN
from saddlepoint.metrics.sets import Generated, Rows

IMAGES = made_images(20, 1, 8, 8, "sets")


def test_a_stream_is_the_rows_in_their_order():
    rows = np.array([7, 3, 11])
    np.testing.assert_array_equal(np.concatenate(list(Rows(IMAGES, rows).stream())), IMAGES[rows])
    np.testing.assert_array_equal(np.concatenate(list(Rows(IMAGES).stream(4, 9))), IMAGES[4:9])


def test_a_spread_takes_from_everywhere():
    np.testing.assert_array_equal(Rows(IMAGES).spread(3), IMAGES[[0, 9, 19]])


def test_halves_have_no_row_in_common():
    first, second = Rows(IMAGES).halves()
    assert sorted([*first.rows, *second.rows]) == list(range(20))


def test_another_choice_of_as_many_rows_is_told_apart():
    assert Rows(IMAGES, np.arange(5)).choice != Rows(IMAGES, np.arange(1, 6)).choice


def test_generated_images_are_the_same_however_they_are_asked_for():
    method = DCGAN(generator_width=4, critic_width=4)
    nets = method.networks(DataSpec.of((1, 8, 8), (), 100)).eval()
    whole = Generated(method, nets, 10, 3, device=torch.device("cpu"))
    once = np.concatenate(list(whole.stream()))
    assert once.shape == (10, 1, 8, 8)
    assert abs(whole.at(np.array([9, 2])).astype(int) - once[[9, 2]]).max() <= 1
    other = Generated(method, nets, 10, 4, device=torch.device("cpu"))
    assert (next(other.stream()) != once).any()


def test_a_method_without_latents_is_refused():
    with pytest.raises(CapabilityError, match="makes no images from latents"):
        Generated(object(), None, 10, 0, device=torch.device("cpu"))
