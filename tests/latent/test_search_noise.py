"""Noise maps that are searched stay noise: correlation is seen at every scale, and moments are put right."""

import torch

from saddlepoint.latent.noise import autocorrelation, maps_of, renormalise_

SIDES = (4, 16, 16)
PLACES = sum(side**2 for side in SIDES)


def test_white_noise_is_hardly_correlated_and_a_smooth_map_is() -> None:
    noise = torch.randn(2, PLACES, generator=torch.Generator().manual_seed(0))
    smooth = noise.clone()
    ramp = torch.linspace(-1.7, 1.7, 16).expand(16, 16)
    smooth[1, 16 : 16 + 256] = ramp.reshape(-1)
    white, changed = autocorrelation(noise, SIDES), autocorrelation(smooth, SIDES)
    assert changed[0] == white[0]
    assert changed[1] > white[1] + 1


def test_a_pattern_of_a_coarse_scale_is_seen_there() -> None:
    # blocks of 2x2 alike: at the finest scale half of the neighbours agree, one scale down it is white noise
    blocks = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    fine = blocks.repeat_interleave(2, 2).repeat_interleave(2, 3).reshape(1, -1)
    correlated = autocorrelation(fine, (16,))
    assert correlated.item() > 0.3  # (1/2)^2 across and down


def test_maps_get_mean_zero_and_deviation_one() -> None:
    noise = torch.randn(3, PLACES, generator=torch.Generator().manual_seed(2)) * 5 + 2
    renormalise_(noise, SIDES)
    for part in maps_of(noise, SIDES):
        torch.testing.assert_close(part.mean((1, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
        torch.testing.assert_close(part.square().mean((1, 2, 3)), torch.ones(3), atol=1e-4, rtol=0)
