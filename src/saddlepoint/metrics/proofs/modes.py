"""How many modes of a mixture of points are reached, and how many points lie near one: the ring and grid protocols of
Srivastava et al. 2017 (VEEGAN), arXiv:1705.07761, section 5.1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world import world
from saddlepoint.data.world.mixtures import Mixture
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.direction import Direction
from saddlepoint.metrics.formulas.coverage import mixture_coverage
from saddlepoint.metrics.proofs.base import Table

FIGURES: Mapping[str, Direction] = {"high_quality": "more", "modes": "more", "divergence": "less"}
LEAST = 0.1
"""share of an even spread with which a centre counts as reached: 20 of 5,000 points at 25 centres, as VEEGAN has it.
With a single point, one wide Gaussian would reach them all"""


def mixture_of(dataset: Dataset) -> Mixture | None:
    """The mixture that a data set of points was drawn from; None where nobody knows one."""
    origin = world(dataset.source.removeprefix("world:")) if dataset.source.startswith("world:") else None
    return origin if isinstance(origin, Mixture) else None


def compare_modes(model: Model, dataset: Dataset, seed: int, *, n: int, radius: float) -> Table:
    """Share of `n` points within `radius` deviations of a centre, and centres reached, beside one Gaussian."""
    mixture = mixture_of(dataset)
    if mixture is None:
        raise ConfigError(f"{dataset.source} is no mixture of known centres; use world:ring8 or world:grid25.")
    real = dataset.examples
    draw = numpy_generator(seed, "mixture")
    least = math.ceil(LEAST * n / len(mixture.centres))

    def row(kind: str, name: str, points: np.ndarray) -> dict[str, Any]:
        coverage = mixture_coverage(points, mixture.centres, mixture.sd, radius, least)
        figures = {name: getattr(coverage, name) for name in FIGURES}
        return {"kind": kind, "name": name, **figures}

    samples: Tensor = model.sample(n, seed=seed, batch=n)
    naive = draw.multivariate_normal(real.mean(0), np.atleast_2d(np.cov(real.T)), n).astype(np.float32)
    return Table(
        rows=(
            row("generated", model.name, samples.numpy()),
            row("real", "real", real[draw.choice(len(real), min(n, len(real)), replace=False)]),
            row("baseline", "naive: one Gaussian", naive),
        ),
        protocol=(
            f"{n:,} points; a point is of high quality within {radius:g} standard deviations ({mixture.sd:g}) of its"
            f" nearest of {len(mixture.centres)} centres; one is reached by {least} such points."
        ),
    )
