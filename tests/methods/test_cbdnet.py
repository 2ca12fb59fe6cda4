"""CBDNet: the public networks answer alike, and noise that is under-estimated costs more."""

import pytest
import torch
from official_networks import Official

from saddlepoint.losses.reconstruction import total_variation
from saddlepoint.methods.restoration.cbdnet import CBDNet
from saddlepoint.nn.backbones.cbdnet import CBDNet as Network
from saddlepoint.nn.layers.local_variance import gaussian_line, local_variance

TINY = {"level_width": 4, "width": 4}


def test_the_public_networks_answer_alike_at_odd_sizes_too() -> None:
    official = Official("denoise_dncnn_ridnet_cbdnet")
    restored, level = official.into(Network(3, 4, 8), "cbdnet.").both(official.input("rgb")[:, :, :29, :31])
    official.check(level, "cbdnet_noise")
    official.check(restored, "cbdnet_out")


def test_an_estimate_under_the_true_noise_costs_more_than_one_over_it() -> None:
    true = torch.full((1, 1, 2, 2), 0.5)
    under, over = (CBDNet().asymmetric(true + shift, true) for shift in (-0.1, 0.1))
    assert under.item() == pytest.approx(0.7 * 0.01)
    assert over.item() == pytest.approx(0.3 * 0.01)


def test_the_local_variance_of_even_noise_is_that_of_the_noise() -> None:
    torch.manual_seed(0)
    measured = local_variance(0.3 * torch.randn(1, 1, 64, 64)).mean().item()
    assert measured == pytest.approx(0.09, rel=0.05)
    official = Official("denoise_vdn_danet")
    line = gaussian_line(7)
    official.check(torch.outer(line, line), "danet_gauss_kernel")


def test_the_total_variation_is_that_by_hand() -> None:
    image = torch.tensor([[[[0.0, 1.0], [2.0, 4.0]]]])
    assert total_variation(image).item() == pytest.approx((4 + 9) / 2 + (1 + 4) / 2)
