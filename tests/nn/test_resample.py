"""Resampling: the fast form against its reference, and values by hand."""

import pytest
import torch

from saddlepoint.nn.kernels.resample import BLUR, resample, resample_reference

SHORT, LONG = torch.tensor(BLUR), torch.linspace(-1, 2, 12)


@pytest.mark.parametrize("taps", [SHORT, LONG, torch.ones(1), torch.rand(3)], ids=lambda taps: f"{len(taps)}-taps")
@pytest.mark.parametrize("up", [1, 2, 3])
@pytest.mark.parametrize("down", [1, 2])
@pytest.mark.parametrize("pad", [(0, 0), (2, 1), (11, 10), (5, 5), (0, -1), (-2, 3)])
def test_the_fast_form_is_the_reference(taps: torch.Tensor, up: int, down: int, pad: tuple[int, int]) -> None:
    x = torch.randn(2, 3, 14, 13)
    wanted = resample_reference(x, taps, up=up, down=down, pad=pad, gain=1.7)
    torch.testing.assert_close(resample(x, taps, up=up, down=down, pad=pad, gain=1.7), wanted, rtol=1e-4, atol=1e-4)


def test_the_filter_is_a_convolution_and_the_first_value_meets_the_last_tap() -> None:
    x = torch.tensor([1.0, 10.0, 100.0]).view(1, 1, 1, 3).expand(1, 1, 3, 3)
    taps = torch.tensor([0.0, 1.0, 2.0])
    # along the row: 0 * 100 + 1 * 10 + 2 * 1 = 12; along the column three times the same: 12 * (0 + 1 + 2)
    assert resample(x, taps).item() == resample_reference(x, taps).item() == 36


def test_doubling_takes_three_quarters_of_the_nearer_and_a_quarter_of_the_farther() -> None:
    x = torch.tensor([4.0, 8.0]).view(1, 1, 1, 2).expand(1, 1, 2, 2)
    doubled = resample(x, SHORT, up=2, pad=(2, 1), gain=4.0)
    assert doubled.shape == (1, 1, 4, 4)
    assert doubled[0, 0, 1].tolist() == [3, 5, 7, 6]  # beyond the edge are zeros: 3/4 4, 3/4 4 + 1/4 8, ...


def test_blurring_and_halving_keeps_what_is_even_away_from_the_edges() -> None:
    halved = resample(torch.ones(1, 1, 8, 8), SHORT, down=2, pad=(1, 1))
    assert halved.shape == (1, 1, 4, 4)
    assert torch.equal(halved[:, :, 1:-1, 1:-1], torch.ones(1, 1, 2, 2))


@pytest.mark.parametrize("taps", [SHORT, LONG], ids=["short", "long"])
def test_it_can_be_differentiated_twice(taps: torch.Tensor) -> None:
    x = torch.randn(1, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    for form in ({"up": 2, "pad": (6, 6)}, {"down": 2, "pad": (5, 5)}):
        assert torch.autograd.gradgradcheck(lambda x, form=form: resample(x, taps.double(), **form).square(), x)
