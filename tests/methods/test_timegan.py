"""TimeGAN: three stages of their own players, causal networks, moments by hand, and scores of real against real."""

import numpy as np
import pytest
import torch
from drive import HandDraw

from saddlepoint.data.batches import DataSpec, SeriesBatch
from saddlepoint.data.world.sines import waves
from saddlepoint.kinds.series import Series
from saddlepoint.methods.base import Clock, Networks, Update
from saddlepoint.methods.gan.timegan import TimeGAN, moments_apart
from saddlepoint.metrics.proofs.foresight import foreseen, gaussian, stepwise, told

TINY = {"width": 4, "layers": 1, "embedding_examples": 16, "step_examples": 16, "shape": (6, 2)}


def small() -> tuple[TimeGAN, Networks]:
    method = TimeGAN(width=4, layers=1)
    torch.manual_seed(0)
    return method, method.networks(DataSpec({"series": Series(6, 2)}))


def test_each_stage_moves_its_own_players() -> None:
    method, nets = small()
    draw = HandDraw(SeriesBatch(torch.rand(8, 6, 2) * 2 - 1))
    groups = []
    for stage in range(3):
        moves = method.train_step(nets, draw, Clock(stage=stage))
        updates = list(moves)
        assert all(isinstance(update, Update) for update in updates)
        groups.append([update.group for update in updates if isinstance(update, Update)])
    assert groups[:2] == [["autoencoder"], ["generator"]]
    assert groups[2] == ["generator", "autoencoder", "generator", "autoencoder", "critic"]


def test_a_step_depends_on_the_noise_up_to_it() -> None:
    method, nets = small()
    latents = method.latents(nets, 2, 0)
    other = latents.clone()
    other[:, 4:] += 0.3
    one, two = method.generate(nets, latents), method.generate(nets, other)
    assert torch.allclose(one[:, :4], two[:, :4], atol=1e-6)
    assert not torch.allclose(one[:, 4:], two[:, 4:])
    assert latents.abs().max() <= 1


def test_moments_are_those_of_steps_and_channels() -> None:
    fake, real = torch.rand(50, 6, 2), torch.rand(50, 6, 2)
    by_hand = (fake.std(0, unbiased=False) - real.std(0, unbiased=False)).abs().mean()
    by_hand = by_hand + (fake.mean(0) - real.mean(0)).abs().mean()
    assert moments_apart(fake, real).item() == pytest.approx(by_hand.item(), abs=1e-4)
    assert moments_apart(real, real).item() == 0


def test_real_series_score_best_and_are_not_told_from_real_ones() -> None:
    series, draw = waves(1500, 24), np.random.default_rng(0)
    real, unseen = series[:1000], series[1000:]
    best = foreseen(real, unseen)
    assert best < 0.5 * foreseen(stepwise(real, 1000, draw), unseen)
    assert told(real, unseen) < 0.1 < 0.3 < told(stepwise(real, 1000, draw), unseen)
    made = gaussian(real, 1000, draw)
    assert np.allclose(made.mean(0), real.mean(0), atol=0.1)
