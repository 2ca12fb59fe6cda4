"""The proof of codes: the baseline's error and bits, and which data each measure knows the truth of."""

from pathlib import Path

import numpy as np
import pytest

import saddlepoint
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.metrics.proofs import measure
from saddlepoint.metrics.proofs.codes import _k_means

SMALL = {"codes": 16, "dim": 4, "width": 8, "narrow": 4, "blocks": 1, "prior_width": 8, "prior_blocks": 1}


def test_k_means_on_patches_makes_four_patterns_again_without_error() -> None:
    pattern = np.random.default_rng(0).integers(0, 256, (4, 1, 4, 4), dtype=np.uint8)
    chosen = np.random.default_rng(1).integers(0, 4, (200, 2, 2))
    images = pattern[chosen][:, :, :, 0].transpose(0, 1, 3, 2, 4).reshape(200, 1, 8, 8)
    data = Dataset({"image": images}, "x", "made")
    error, centres = _k_means(data, np.arange(150), np.arange(150, 200), 4, seed=0)
    assert centres == 4
    assert error < 1e-8
    assert _k_means(data, np.arange(150), np.arange(150, 200), 2, seed=0)[0] > 0.01


def test_the_table_has_as_many_bits_for_the_baseline(tmp_path: Path) -> None:
    run = saddlepoint.train("vqvae", data="digits", examples=64, batch=32, out=tmp_path, **SMALL)
    table = measure("codes")(run.model(), saddlepoint.open_data("digits"), 0)
    own, naive = table.row("generated"), table.row("baseline")
    assert naive["name"] == "naive: k-means, 16 patches"  # 4 codes of 16 for 64 pixels: 16 bits, in 4 patches of 4
    assert naive["error"] < 0.05
    assert own["coarse"] > 0.9
    assert 0 < own["used"] <= 1
    for word in ("factors", "verification", "classification"):
        with pytest.raises(ConfigError, match=r"world:|names no|field"):
            measure(word)(run.model(), saddlepoint.open_data("digits"), 0)
