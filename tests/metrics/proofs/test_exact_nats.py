"""Exact nats beside naive densities, on data and on a stand-in whose likelihood is known."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.methods.autoencoder.vae import VAE
from saddlepoint.methods.autoregressive.fvbn import FVBN
from saddlepoint.metrics.baselines.bernoulli_mixture import held_out_nats
from saddlepoint.metrics.proofs import measure


class StandIn:
    """A model that finds every image equally likely."""

    name = "stand-in"
    facts = {"data": {"held_out": 0.5}}

    def __init__(self, method: Any) -> None:
        self.method = method

    def log_likelihood(self, images: Tensor) -> Tensor:
        return torch.full((len(images),), -1.5)


def two_patterns(rows: int) -> np.ndarray:
    """Nine pixels, all alike in an image."""
    white = np.random.default_rng(0).random((rows, 1)) < 0.5
    return np.repeat(white, 9, 1)


def test_one_component_is_each_pixel_for_itself_and_two_know_two_patterns() -> None:
    train, shown = two_patterns(4000), two_patterns(500)
    assert held_out_nats(train, shown, 1).mean() == pytest.approx(9 * math.log(2), rel=0.02)
    assert held_out_nats(train, shown, 2).mean() == pytest.approx(math.log(2), rel=0.05)


def test_the_probabilities_of_a_mixture_sum_to_one() -> None:
    every = (np.arange(512)[:, None] >> np.arange(9)) & 1
    train = np.random.default_rng(0).random((300, 9)) < 0.3
    assert np.exp(-held_out_nats(train, every, 5)).sum() == pytest.approx(1, abs=1e-4)


def test_the_best_naive_density_is_the_baseline() -> None:
    images = two_patterns(400).reshape(-1, 1, 3, 3).astype(np.uint8) * 255
    found = measure("exact-nats")(StandIn(FVBN()), Dataset({"image": images}, "print", "made"), 0)  # type: ignore[arg-type]
    assert found.row("generated")["exact_nats"] == 1.5
    naive = [row["exact_nats"] for row in found.rows if row["name"].startswith("naive")]
    assert len(naive) == 3
    assert found.row("baseline")["exact_nats"] == min(naive) < 3
    assert "nothing was binarised by chance" in found.protocol


def test_bounds_and_grey_images_are_not_measured() -> None:
    grey = Dataset({"image": np.full((20, 1, 3, 3), 7, np.uint8)}, "print", "grey")
    with pytest.raises(CapabilityError, match="held-out-bound"):
        measure("exact-nats")(StandIn(VAE()), grey, 0)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="grey pixels"):
        measure("exact-nats")(StandIn(FVBN()), grey, 0)  # type: ignore[arg-type]
