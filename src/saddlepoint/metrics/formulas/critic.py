"""What a critic's outputs say during training: its accuracy, their histograms, the Wasserstein estimate.

Goodfellow et al. 2014, arXiv:1406.2661 (at the saddle point a critic is right half the time); Arjovsky et al. 2017,
arXiv:1701.07875, section 4.2 (a falling Wasserstein estimate goes with better samples).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saddlepoint.errors import ShapeError
from saddlepoint.metrics.formulas.statistics import Doubles, Floats


@dataclass(frozen=True, eq=False)
class CriticSignals:
    """Figures of one critic on real and generated images."""

    accuracy: float
    """share that it sorts rightly, real and generated weighing the same; 0.5 is a guess"""
    accuracy_real: float
    """share of real images with an output above 0"""
    accuracy_fake: float
    """share of generated images with an output below 0"""
    wasserstein: float
    """mean output for real images minus that for generated ones; an estimate of the distance for a Lipschitz critic"""
    edges: Doubles
    """[bins + 1] common to both histograms"""
    real: Doubles
    """[bins] shares of the real outputs"""
    fake: Doubles
    """[bins] shares of the generated outputs"""


def critic_signals(real: Floats, fake: Floats, bins: int = 32) -> CriticSignals:
    """Accuracy, histograms and Wasserstein estimate from raw outputs (logits, or a critic's values).

    real, fake: [n], [m]; an output above 0 means real. Outputs of exactly 0 count as half right.
    Raises ShapeError for anything but two rows of finite numbers.
    """
    for name, outputs in (("real", real), ("fake", fake)):
        if outputs.ndim != 1 or not len(outputs) or not np.isfinite(outputs).all():
            raise ShapeError(f"{name} must be a row of finite critic outputs, got shape {list(outputs.shape)}.")
    right_real = float((np.sign(real) / 2 + 0.5).mean())
    right_fake = float((0.5 - np.sign(fake) / 2).mean())
    edges = np.histogram_bin_edges(np.concatenate([real, fake]).astype(np.float64), bins)
    shares = [np.histogram(outputs, edges)[0] / len(outputs) for outputs in (real, fake)]
    return CriticSignals(
        (right_real + right_fake) / 2,
        right_real,
        right_fake,
        float(real.mean(dtype=np.float64) - fake.mean(dtype=np.float64)),
        edges,
        *shares,
    )
