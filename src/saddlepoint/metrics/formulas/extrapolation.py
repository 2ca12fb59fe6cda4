"""FID-infinity: the distance that infinitely many images would have. Chong and Forsyth 2019, arXiv:1911.07023.

The bias of the distance falls like 1/N: a line through the distances of growing subsets, over 1/N, shows its end at 0.
"""

from __future__ import annotations

import numpy as np

from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.metrics.formulas.estimate import Estimate
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.statistics import Floats, Gaussian, gaussian


def frechet_infinity(
    real: Gaussian, fake: Floats, *, sizes: int = 15, smallest: int | None = None, seed: int = 0
) -> Estimate:
    """Intercept at 1/N = 0 of the distances of `sizes` random subsets of generated features, and its standard error.

    real: statistics of all real images, whose own bias stays. fake: [m, d]. smallest: rows of the smallest subset; None
    takes m / 10, but more than d, below which the bias leaves its line.
    Raises ConfigError when there are too few rows for that.
    """
    m, d = fake.shape
    least = max(m // 10, d + 1) if smallest is None else smallest
    if sizes < 3 or not 2 <= least < m:
        raise ConfigError(f"extrapolation needs three sizes from {least} up to more rows than that; there are {m}.")
    counts = np.linspace(least, m, sizes).astype(int)
    distances = [
        frechet_distance(real, gaussian(fake[numpy_generator(seed, "subset", n).choice(m, n, replace=False)]))
        for n in counts.tolist()
    ]
    (_, value), covariance = np.polyfit(1 / counts, distances, 1, cov=True)
    return Estimate(float(value), float(np.sqrt(covariance[1, 1])), f"{sizes} sizes from {least} to {m}")
