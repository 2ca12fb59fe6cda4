"""Truncation of latents: BigGAN's resampling as a function of the latent alone, and scaling."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from scipy import stats

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import normal_rows
from saddlepoint.methods.abilities import Sampling, TruncateBy
from saddlepoint.methods.families.truncation import WIDEST, truncated
from saddlepoint.methods.gan.gan import GAN


def resample(latents: torch.Tensor, truncation: float) -> torch.Tensor:
    return truncated(latents, Sampling(truncation=truncation))


@pytest.mark.parametrize("threshold", [0.04, 0.5, 1.0, 1.9])
def test_resampled_latents_follow_the_truncated_normal_distribution(threshold: float) -> None:
    latents = normal_rows(5000, 8, seed=3)
    resampled = resample(latents, threshold / WIDEST)
    inside = latents.abs() <= threshold
    assert torch.equal(resampled[inside], latents[inside])
    assert resampled.abs().max() <= threshold
    expected = stats.truncnorm(-threshold, threshold)
    assert stats.kstest(resampled.flatten().numpy(), expected.cdf).pvalue > 0.01
    assert stats.kstest(resampled[~inside].numpy(), expected.cdf).pvalue > 0.01


def test_a_truncated_latent_depends_on_its_seed_and_number_alone() -> None:
    few, many = normal_rows(3, 16, seed=7), normal_rows(100, 16, seed=7)
    assert torch.equal(resample(few, 0.5), resample(many, 0.5)[:3])


def test_a_walk_through_latents_stays_continuous_at_the_threshold() -> None:
    way = torch.linspace(-4, 4, 8001)
    assert resample(way, 0.35).diff().abs().max() < 0.002


@pytest.mark.parametrize("by", ["resample", "scale"])
def test_truncation_0_gives_the_middle_of_the_latents(by: TruncateBy) -> None:
    latents = normal_rows(4, 16, seed=0)
    assert not truncated(latents, Sampling(truncation=0.0, truncate_by=by)).any()


def test_scaling_multiplies_every_value() -> None:
    latents = normal_rows(4, 16, seed=0)
    assert torch.equal(truncated(latents, Sampling(truncation=0.5, truncate_by="scale")), latents * 0.5)


@pytest.mark.parametrize("truncation", [1.0, torch.tensor(1.0), 1.5])
def test_truncation_1_leaves_all_as_they_are(truncation: float) -> None:
    latents = normal_rows(64, 16, seed=0)
    assert torch.equal(resample(latents, truncation), latents)


def test_both_ways_leave_about_as_much_variety() -> None:
    latents = normal_rows(5000, 8, seed=1)
    for truncation in (0.25, 0.5, 0.75):
        assert resample(latents, truncation).std() == pytest.approx(truncation, abs=0.1)


def test_models_resample_latents_unless_they_are_asked_to_scale() -> None:
    method = GAN(latent=4)
    nets = method.networks(DataSpec.of((2,))).eval()
    latents = method.latents(nets, 64, seed=0)
    made = {by: method.generate(nets, latents, Sampling(truncation=0.5, truncate_by=by)) for by in get_args(TruncateBy)}
    inside = (latents.abs() <= 1).all(1)
    assert torch.equal(made["resample"][inside], method.generate(nets, latents)[inside])
    assert torch.equal(made["scale"], method.generate(nets, latents * 0.5))


def test_what_is_asked_for_is_finite() -> None:
    for settings in ({"truncation": float("nan")}, {"truncation": float("inf")}, {"temperature": float("nan")}):
        with pytest.raises(ConfigError, match="must be a finite number"):
            Sampling(**settings)
