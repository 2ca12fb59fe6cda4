"""A whole picture in windows: its size stays, small ones are padded, and the progress comes to its end."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from saddlepoint.deploy.translate import translated
from saddlepoint.errors import ConfigError


def picture(height: int, width: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(height).integers(0, 256, (3, height, width), np.uint8))


@pytest.mark.parametrize(("height", "width"), [(16, 16), (50, 23), (7, 40), (5, 6)])
def test_a_work_that_changes_nothing_gives_the_picture_back(height: int, width: int) -> None:
    shares: list[float] = []
    made = translated(picture(height, width), lambda windows: windows, 16, progress=shares.append)
    np.testing.assert_array_equal(made, picture(height, width).numpy())
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_work_sees_windows_of_its_side_and_its_range() -> None:
    seen: list[Tensor] = []

    def work(windows: Tensor) -> Tensor:
        seen.append(windows)
        return -windows

    made = translated(picture(20, 40), work, 16, overlap=4)
    np.testing.assert_array_equal(made, 255 - picture(20, 40).numpy())
    assert {tuple(windows.shape[1:]) for windows in seen} == {(3, 16, 16)}
    assert all(windows.abs().max() <= 1 for windows in seen)


def test_an_impossible_overlap_is_refused() -> None:
    with pytest.raises(ConfigError, match="can share 0 to 15"):
        translated(picture(20, 20), lambda windows: windows, 16, overlap=16)
