"""Orbits moved: higher, nearer, with the same point in the middle of every picture."""

from __future__ import annotations

import math

import pytest
import torch

from saddlepoint.errors import ShapeError
from saddlepoint.kinds.camera import orbit, pose_of
from saddlepoint.kinds.camera_orbit import centre_of, moved

TURN = torch.arange(7) / 7 * 2 * math.pi
AROUND = orbit(TURN, torch.full((7,), 0.3), 4.0, 40.0, 32)


def test_the_axes_of_an_orbit_meet_in_its_centre() -> None:
    shifted = AROUND.clone()
    shifted[:, [3, 7, 11]] += torch.tensor([1.0, -2.0, 0.5])
    assert centre_of(shifted).tolist() == pytest.approx([1.0, -2.0, 0.5], abs=1e-5)


def test_parallel_axes_meet_nowhere() -> None:
    with pytest.raises(ShapeError, match="parallel"):
        centre_of(AROUND[:1].expand(3, -1))


def test_a_lifted_and_nearer_orbit_is_the_one_that_stands_there() -> None:
    there = orbit(TURN, torch.full((7,), 0.3 + math.radians(25)), 2.0, 40.0, 32)
    assert torch.allclose(moved(AROUND, centre_of(AROUND), 25.0, 2.0), there, atol=1e-5)


def test_no_move_changes_nothing_and_rotations_stay_rotations() -> None:
    assert torch.allclose(moved(AROUND, centre_of(AROUND), 0.0, 1.0), AROUND, atol=1e-6)
    rotation = pose_of(moved(AROUND, torch.zeros(3), -60.0, 1.0))[:, :3, :3]
    assert torch.allclose(rotation @ rotation.mT, torch.eye(3).expand(7, 3, 3), atol=1e-5)
