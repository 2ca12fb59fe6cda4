"""Occlusion: of a linear score it is the weights times what is hidden, and every pixel is hidden."""

import pytest
import torch

from saddlepoint.errors import ConfigError
from saddlepoint.metrics.maps.occlusion import occlusion


def test_of_a_linear_score_the_drop_is_that_of_the_window() -> None:
    weight, image = torch.randn(2, 6, 6), torch.randn(2, 6, 6)
    fill = 0.25
    heat = occlusion(lambda shown: (shown * weight).sum((1, 2, 3)), image, window=3, stride=3, fill=fill)
    lost = (weight * (image - fill)).sum(0)
    wanted = torch.nn.functional.avg_pool2d(lost[None], 3)[0] * 9
    assert torch.allclose(heat, wanted.repeat_interleave(3, 0).repeat_interleave(3, 1), atol=1e-4)
    single = occlusion(lambda shown: (shown * weight).sum((1, 2, 3)), image, window=1, fill=fill)
    assert torch.allclose(single, lost, atol=1e-4)


def test_overlaps_are_averaged_and_the_edge_is_hidden_too() -> None:
    """A score of one pixel at the edge, which a stride of 2 alone would not reach: all windows on it, and none else."""
    image = torch.ones(1, 5, 7)
    heat = occlusion(lambda shown: shown[:, 0, 4, 6], image, window=2, stride=2)
    assert heat[4, 6] == 1
    assert heat[:3].abs().sum() == 0
    whole = occlusion(lambda shown: shown.mean((1, 2, 3)), torch.ones(1, 8, 8), window=4, stride=2)
    assert torch.allclose(whole, torch.full((8, 8), 16 / 64))


def test_windows_that_leave_pixels_out_or_do_not_fit_are_refused() -> None:
    for window, stride in ((3, 4), (9, 1), (3, 0)):
        with pytest.raises(ConfigError, match="does not fit"):
            occlusion(lambda shown: shown.sum((1, 2, 3)), torch.ones(1, 8, 8), window, stride)
