"""Which modes a generator reaches: classes of images, or the centres of a mixture of points.

Classes: Salimans et al. 2016 and the stacked digits of Metz et al. 2017, arXiv:1611.02163, section 3.3.2. Mixtures: the
ring and grid protocol of Srivastava et al. 2017 (VEEGAN), arXiv:1705.07761, section 5.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saddlepoint.errors import ConfigError, ShapeError
from saddlepoint.metrics.formulas.statistics import Doubles, Floats

Labels = NDArray[np.integer]


@dataclass(frozen=True)
class ClassCoverage:
    """How generated images are spread over the classes of the real ones."""

    shares: tuple[float, ...]
    """share of the generated images in each class, summing to 1"""
    modes: int
    """classes whose share is at least `threshold`"""
    threshold: float
    """the least share with which a class counts as reached"""
    divergence: float
    """KL(generated || real) of the two histograms in nats; 0 when they are equal"""


def class_coverage(fake: Labels, real: Labels, classes: int, threshold: float = 0.03) -> ClassCoverage:
    """Histogram, modes and divergence of predicted classes.

    fake, real: [n], [m] integers in [0, classes): what one classifier says of generated and of real images.
    threshold: in (0, 1 / classes]. Raises ConfigError for a threshold that not even an even spread could meet.
    """
    if not 0 < threshold <= 1 / classes:
        raise ConfigError(f"{classes} classes cannot each have a share of {threshold}; use at most {1 / classes:.3g}.")
    shares, expected = _histogram(fake, classes), _histogram(real, classes)
    return ClassCoverage(
        tuple(shares.tolist()), int((shares >= threshold).sum()), threshold, _divergence(shares, expected)
    )


@dataclass(frozen=True)
class MixtureCoverage:
    """How generated points are spread over the centres of a mixture of Gaussians."""

    modes: int
    """centres with at least `least` high-quality points"""
    high_quality: float
    """share of points within `radius` standard deviations of their nearest centre"""
    radius: float
    """in standard deviations of a component"""
    least: int
    """high-quality points with which a centre counts as reached"""
    divergence: float
    """KL(generated || even) in nats over the high-quality points by centre; infinite when there are none"""


def mixture_coverage(
    points: Floats, centres: Floats, deviation: float, radius: float = 3.0, least: int = 1
) -> MixtureCoverage:
    """The ring and grid protocol.

    points: [n, d] generated. centres: [k, d] of the true components, each of standard deviation `deviation`.
    Of true samples in two dimensions 98.9 % are within 3 deviations and 99.97 % within 4. Raises ShapeError.
    """
    if points.ndim != 2 or centres.ndim != 2 or points.shape[1] != centres.shape[1] or not len(points):
        raise ShapeError(f"points {list(points.shape)} and centres {list(centres.shape)} must be [n, d] and [k, d].")
    distance = np.linalg.norm(points[:, None] - centres[None], axis=2)  # [n, k]
    nearest = distance.argmin(1)
    good = distance.min(1) <= radius * deviation
    counts = np.bincount(nearest[good], minlength=len(centres))
    even = np.full(len(centres), 1 / len(centres))
    divergence = _divergence(counts / counts.sum(), even) if counts.sum() else float("inf")
    return MixtureCoverage(int((counts >= least).sum()), float(good.mean()), radius, least, divergence)


def _histogram(labels: Labels, classes: int) -> Doubles:
    if labels.ndim != 1 or not len(labels) or labels.min() < 0 or labels.max() >= classes:
        raise ShapeError(f"labels must be a row of integers in [0, {classes}), got shape {list(labels.shape)}.")
    return np.asarray(np.bincount(labels, minlength=classes) / len(labels))


def _divergence(fake: Doubles, real: Doubles) -> float:
    present = fake > 0
    with np.errstate(divide="ignore"):  # a class that no real image has makes the divergence infinite
        return float((fake[present] * (np.log(fake[present]) - np.log(real[present]))).sum())
