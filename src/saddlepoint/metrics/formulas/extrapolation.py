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
    real: Gaussian,
    fake: Floats,
    *,
    sizes: int = 15,
    smallest: int | None = None,
    seed: int = 0,
    real_error: float = 0.0,
) -> Estimate:
    """Intercept at 1/N = 0 of the distances of `sizes` random subsets of generated features, and its standard error.

    real: statistics of all real images, whose own bias stays. fake: [m, d]. smallest: rows of the smallest subset; None
    takes m / 10, but more than d, below which the bias leaves its line. real_error: the standard error that the choice
    of real images adds, as `frechet_error` gives it.
    The subsets share their rows, so the scatter around the line shows only a part of the error: of a subset of n rows
    the part 1/n - 1/m. The 1/m that all subsets have in common moves the whole line and is added to it.
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
    line = np.stack([1 / counts, np.ones(sizes)], 1)
    solved = np.linalg.pinv(line)
    left = np.eye(sizes) - line @ solved
    own = 1 / counts - 1 / m
    variance = np.square(left @ distances).sum() / np.trace(left @ np.diag(own) @ left)  # of one row's influence
    error = float(np.sqrt(variance * ((solved[1] ** 2 * own).sum() + 1 / m) + real_error**2))
    return Estimate(float(solved[1] @ distances), error, f"{sizes} sizes from {least} to {m}", error)
