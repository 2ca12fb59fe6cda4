"""The measure of viewpoints: turns that go together, sectors, and the plain GAN that is told them as labels."""

import numpy as np
import pytest
import torch

from saddlepoint.kinds.camera import orbit
from saddlepoint.metrics.baselines.labelled_gan import labelled_gan
from saddlepoint.metrics.proofs.viewpoints import agreement, directions_of, sectors


def test_a_constant_turn_between_asked_and_read_counts_as_right_and_chance_as_nothing() -> None:
    turn = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    wanted = np.stack((np.cos(turn), np.sin(turn)), 1)
    moved = np.stack((np.cos(turn + 1), np.sin(turn + 1)), 1)
    assert agreement(moved, wanted) == pytest.approx(1)
    assert agreement(wanted[:1].repeat(100, 0), wanted) == pytest.approx(0, abs=1e-9)  # always from the front
    assert agreement(wanted * [1, -1], wanted) == pytest.approx(0, abs=1e-9)  # the other way round


def test_cameras_around_a_thing_fall_into_twelve_sectors() -> None:
    turn = (torch.arange(24) + 0.5) / 24 * 2 * torch.pi
    directions = directions_of(orbit(turn, torch.full((24,), 0.3), 3.0, 30.0, 16))
    assert np.allclose(directions[:, 2], np.sin(0.3), atol=1e-5)
    assert sectors(directions).tolist() == [number // 2 for number in range(24)]


def test_the_plain_gan_gives_the_classes_that_are_asked_for_and_the_same_again() -> None:
    images = np.zeros((32, 3, 8, 8), np.uint8)
    images[16:] = 255
    labels = np.repeat([0, 1], 16)
    wanted = np.array([0, 1, 1])
    drawn = labelled_gan(images, labels, wanted, examples=64, seed=0)
    assert drawn.shape == (3, 3, 8, 8)
    assert drawn.dtype == np.uint8
    assert np.array_equal(drawn, labelled_gan(images, labels, wanted, examples=64, seed=0))
