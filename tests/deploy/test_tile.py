"""Windows over a large image: what changes nothing leaves it as it is, and no seam shows."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.deploy.tile import bands, shares, starts, tiled
from saddlepoint.errors import CapabilityError, ConfigError

SIZES = [(100, 77, 32, 8), (32, 32, 32, 4), (33, 90, 32, 0), (64, 64, 32, 31), (50, 50, 16, 5)]


@pytest.mark.parametrize(("height", "width", "window", "overlap"), SIZES)
def test_a_work_that_changes_nothing_gives_the_image_back(height, width, window, overlap):
    image = torch.rand(3, height, width) * 2 - 1
    made = tiled(image, lambda windows: windows, window, overlap)
    assert made.dtype == torch.float32
    assert torch.allclose(made, image, rtol=0, atol=1e-6)


def test_where_windows_disagree_the_change_is_spread_over_the_overlap():
    image = torch.linspace(-1, 1, 400).expand(1, 400, 400)

    def flat(windows: Tensor) -> Tensor:
        return windows.mean((2, 3), keepdim=True).expand_as(windows)  # each window of one grey: 0.16 apart

    made = tiled(image, flat, 64, 32)
    assert made.diff(dim=2).abs().max() < 0.16 / 16
    assert made.diff(dim=1).abs().max() < 1e-6
    assert tiled(image, flat, 64, 0).diff(dim=2).abs().max() > 0.3


@pytest.mark.parametrize(("length", "window", "overlap"), [(100, 32, 8), (32, 32, 31), (65, 32, 5)])
def test_windows_cover_a_side_and_their_shares_add_up_to_one(length, window, overlap):
    begins = starts(length, window, overlap)
    assert (begins[0], begins[-1]) == (0, length - window)
    assert max(b - a for a, b in zip(begins, begins[1:] or begins)) <= window - overlap
    total = torch.zeros(length, dtype=torch.float64)
    for begin, share in zip(begins, shares(begins, length, window, overlap)):
        assert (share > 0).all()
        total[begin : begin + window] += share
    assert torch.allclose(total, torch.ones(length, dtype=torch.float64))


def test_an_image_is_read_from_top_to_bottom_and_given_in_bands():
    image, tops = torch.rand(1, 90, 40), []

    def read(top: int, left: int) -> Tensor:
        tops.append(top)
        return image[:, top : top + 32, left : left + 32]

    heights = [band.shape[1] for band in bands(read, 90, 40, lambda windows: windows, 32, 8)]
    assert tops == sorted(tops)
    assert sum(heights) == 90
    assert max(heights) <= 32


def test_the_work_may_change_the_number_of_channels():
    assert tiled(torch.rand(3, 40, 40), lambda windows: windows[:, :1], 16, 4).shape == (1, 40, 40)


@pytest.mark.parametrize(("window", "overlap", "words"), [(16, 16, "can share 0 to 15"), (64, 8, "holds no window")])
def test_windows_that_cannot_be_are_refused(window, overlap, words):
    with pytest.raises(ConfigError, match=words):
        tiled(torch.rand(1, 40, 40), lambda windows: windows, window, overlap)


@pytest.mark.parametrize("scale", [2, 4])
def test_results_larger_than_their_windows_are_put_together_at_their_size(scale: int) -> None:
    image = torch.rand(3, 37, 50) * 2 - 1

    def nearest(windows: Tensor) -> Tensor:
        return F.interpolate(windows, scale_factor=scale, mode="nearest")

    torch.testing.assert_close(tiled(image, nearest, 16, 4), nearest(image[None])[0])


def test_no_seam_shows_in_what_is_enlarged_in_windows() -> None:
    image = F.interpolate(torch.rand(1, 3, 8, 8), size=(48, 64), mode="bicubic")[0]

    def smooth(windows: Tensor) -> Tensor:
        return F.interpolate(windows, scale_factor=2, mode="bicubic")

    assert (tiled(image, smooth, 16, 8) - smooth(image[None])[0]).abs().max() < 0.01


def test_results_that_are_no_whole_number_larger_are_refused() -> None:
    def half(windows: Tensor) -> Tensor:
        return F.interpolate(windows, scale_factor=1.5)

    with pytest.raises(CapabilityError, match="makes 24x24 pixels of 16x16"):
        tiled(torch.rand(1, 20, 20), half, 16, 4)
