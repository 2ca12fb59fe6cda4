"""The world of toy cars: each row a car of its own, drawn from any camera."""

import math

import numpy as np
import torch

from saddlepoint.data.world.toys import cameras, views
from saddlepoint.kinds.camera import orbit


def test_a_car_is_the_same_from_a_camera_whoever_stands_beside() -> None:
    poses = cameras(np.array([[0.1, 0.5], [0.6, 0.2]]), 16)
    both = views(np.array([3, 7]), poses)
    assert torch.equal(both[1:], views(np.array([7]), poses[1:]))
    assert not torch.equal(both[0], both[1])


def test_the_lamp_is_seen_from_before_and_not_from_behind() -> None:
    turn = torch.tensor([0.0, math.pi])
    front, back = views(np.array([0, 0]), orbit(turn, torch.tensor([0.2, 0.2]), 3.0, 1.7 * 32, 32))

    def yellow(picture: torch.Tensor) -> int:
        return int(((picture[0] > 0.6) & (picture[1] > 0.5) & (picture[2] < 0.35)).sum())

    assert yellow(front) > 5 > yellow(back) + 4


def test_the_corners_are_white() -> None:
    pictures = views(np.arange(4), cameras(np.full((4, 2), 0.3), 16))
    assert bool((pictures[:, :, 0, 0] == 1).all())
