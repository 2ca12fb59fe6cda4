"""How many modes of a mixture of points are reached, and how many points lie near one."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from saddlepoint.checkpoint.bundle import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world import world
from saddlepoint.data.world.mixtures import Mixture
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.formulas.coverage import mixture_coverage
from saddlepoint.metrics.proofs.measured import Measured


def mixture_modes(model: Model, dataset: Dataset, seed: int, *, n: int, radius: float, least: int) -> Measured:
    """The ring and grid protocols: share of `n` points within `radius` deviations of a centre, and centres reached.

    A centre is reached by `least` such points.
    """
    known = world(dataset.source.removeprefix("world:")) if dataset.source.startswith("world:") else None
    if not isinstance(known, Mixture):
        raise ConfigError(f"{dataset.source} is no mixture of known centres; use world:ring8 or world:grid25.")
    real = dataset.images
    draw = numpy_generator(seed, "mixture")

    def row(kind: str, name: str, points: np.ndarray) -> dict[str, Any]:
        found = mixture_coverage(points, known.centres, known.sd, radius, least)
        return {
            "kind": kind,
            "name": name,
            "high_quality": found.high_quality,
            "modes": found.modes,
            "divergence": found.divergence,
        }

    samples: Tensor = model.sample(n, seed=seed, batch=n)
    naive = draw.multivariate_normal(real.mean(0), np.atleast_2d(np.cov(real.T)), n).astype(np.float32)
    return Measured(
        rows=(
            row("generated", model.name, samples.numpy()),
            row("real", "real", real[draw.choice(len(real), min(n, len(real)), replace=False)]),
            row("baseline", "naive: one Gaussian", naive),
        ),
        key="high_quality",
        protocol=(
            f"{n:,} points; a point is of high quality within {radius:g} standard deviations ({known.sd:g}) of its"
            f" nearest of {len(known.centres)} centres; one is reached by {least} such point{'s' if least > 1 else ''}."
        ),
        higher=frozenset({"high_quality", "modes"}),
    )
