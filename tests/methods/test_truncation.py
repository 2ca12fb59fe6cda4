"""Truncation of latents: BigGAN's resampling as a function of the latent alone, and scaling."""

from __future__ import annotations

import pytest
import torch
from scipy import stats

from saddlepoint.keyed import normal_rows
from saddlepoint.methods.families.truncation import truncated


@pytest.mark.parametrize("threshold", [0.04, 0.5, 1.0, 2.0])
def test_resampled_latents_follow_the_truncated_normal_distribution(threshold: float) -> None:
    latents = normal_rows(5000, 8, seed=3)
    resampled = truncated(latents, threshold)
    inside = latents.abs() <= threshold
    assert torch.equal(resampled[inside], latents[inside])
    assert resampled.abs().max() <= threshold
    expected = stats.truncnorm(-threshold, threshold)
    assert stats.kstest(resampled.flatten().numpy(), expected.cdf).pvalue > 0.01
    assert stats.kstest(resampled[~inside].numpy(), expected.cdf).pvalue > 0.01


def test_a_truncated_latent_depends_on_its_seed_and_number_alone() -> None:
    few, many = normal_rows(3, 16, seed=7), normal_rows(100, 16, seed=7)
    assert torch.equal(truncated(few, 0.5), truncated(many, 0.5)[:3])


def test_a_walk_through_latents_stays_continuous_at_the_threshold() -> None:
    way = torch.linspace(-4, 4, 8001)
    assert truncated(way, 0.7).diff().abs().max() < 0.002


@pytest.mark.parametrize("by", ["resample", "scale"])
def test_truncation_0_gives_the_middle_of_the_latents(by: str) -> None:
    latents = normal_rows(4, 16, seed=0)
    assert not truncated(latents, 0.0, by).any()  # type: ignore[arg-type]


def test_scaling_multiplies_every_value() -> None:
    latents = normal_rows(4, 16, seed=0)
    assert torch.equal(truncated(latents, 0.5, "scale"), latents * 0.5)


def test_values_within_a_very_large_threshold_stay_as_they_are() -> None:
    latents = normal_rows(64, 16, seed=0)
    assert torch.equal(truncated(latents, 100.0), latents)
