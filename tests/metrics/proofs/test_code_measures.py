"""Measures of codes and dictionaries: the best linear map, atoms that are found, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

import saddlepoint
from saddlepoint.data.open import open_data
from saddlepoint.data.world.planted import planted_atoms
from saddlepoint.errors import ConfigError
from saddlepoint.metrics.baselines.linear import linear_map
from saddlepoint.metrics.proofs import measure
from saddlepoint.metrics.proofs.planted_atoms import row


def test_the_best_linear_map_finds_a_matrix_again_and_withstands_noise() -> None:
    stream = torch.Generator().manual_seed(0)
    inputs, matrix = torch.randn(400, 6, generator=stream), torch.randn(6, 3, generator=stream)
    exact = linear_map(inputs, inputs @ matrix + 2)
    unseen = torch.randn(50, 6, generator=stream)
    assert torch.allclose(exact(unseen), unseen @ matrix + 2, atol=0.02)
    noise = torch.randn(400, 3, generator=stream)
    assert linear_map(torch.randn(400, 6, generator=stream), noise)(unseen).square().mean() < 0.1


def test_atoms_count_as_found_whatever_their_sign_order_and_length() -> None:
    atoms = planted_atoms()
    assert row("other", "", atoms)["found"] == 40
    assert row("other", "", -3 * atoms[::-1])["found"] == 40
    assert row("other", "", atoms[:10])["found"] == 10
    assert row("other", "", np.random.default_rng(0).standard_normal((40, 25)))["found"] == 0


def test_models_that_a_measure_says_nothing_of_are_refused(tmp_path: Path) -> None:
    run = saddlepoint.train("gan", data="digits", examples=8, batch=8, out=tmp_path / "run", grid_size=0)
    model, data = run.model(), open_data("digits")
    for name, words in (
        ("denoising", "spoils no images"),
        ("compression", "from a code"),
        ("pretraining", "after stages"),
        ("foreseen-codes", "foresees no sparse codes"),
        ("planted-atoms", "use world:planted"),
    ):
        with pytest.raises(ConfigError, match=words):
            measure(name)(model, data, 0)
