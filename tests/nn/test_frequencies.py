"""Coordinates as waves: their order, their period, and their mean over a Gaussian."""

import math

import torch

from saddlepoint.nn.layers.frequencies import frequencies, smoothed_frequencies


def test_coordinates_come_first_then_sines_and_cosines_octave_by_octave() -> None:
    place = torch.tensor([[0.3, -0.7]]).double()
    values = frequencies(place, 2)[0]
    wanted = [0.3, -0.7]
    for octave in (1, 2):
        wanted += [wave(octave * math.pi * x) for wave in (math.sin, math.cos) for x in (0.3, -0.7)]
    assert torch.allclose(values, torch.tensor(wanted).double())
    assert frequencies(torch.zeros(5, 3), 10).shape == (5, 63)
    assert torch.allclose(frequencies(place + 2, 6)[:, 2:], frequencies(place, 6)[:, 2:])  # a period of all


def test_waves_over_a_gaussian_are_the_means_over_its_samples() -> None:
    mean, deviation = torch.tensor([0.4, -1.2]).double(), torch.tensor([0.3, 0.1]).double()
    noise = torch.randn(200_000, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    drawn = smoothed_frequencies(mean + deviation * noise, torch.zeros(1, 2).double(), 4).mean(0)
    assert torch.allclose(smoothed_frequencies(mean, deviation**2, 4), drawn, atol=5e-3)
