"""The Fréchet distance at 2048 features against scipy's square root of the product, in one process, in turn.

    python benchmarks/frechet.py [--features 2048] [--rounds 3]

Statistics of full rank, made from three times as many rows as features. Prints the median time of each way, their
ratio, and how far the results are apart.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import scipy.linalg

from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.statistics import Gaussian, gaussian


def by_square_root(a: Gaussian, b: Gaussian) -> float:
    """The way of most programs: the matrix square root of the product of both covariances."""
    root = scipy.linalg.sqrtm(a.covariance @ b.covariance)
    gap = a.mean - b.mean
    return float(gap @ gap + np.trace(a.covariance) + np.trace(b.covariance) - 2 * np.trace(root).real)


def main() -> None:
    """Makes two sets, times both ways in turn and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--features", type=int, default=2048, help="numbers in a feature")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each way; the median counts")
    asked = parser.parse_args()
    draw = np.random.default_rng(0)
    d = asked.features
    mixing = draw.standard_normal((d, d)) / np.sqrt(d)
    a, b = (
        gaussian(draw.standard_normal((3 * d, d)) @ mixing * scale + shift) for scale, shift in ((1, 0), (1.1, 0.1))
    )
    ways = {"square root of the product": by_square_root, "eigenvalues of the product": frechet_distance}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    values = {}
    for _ in range(asked.rounds):
        for name, way in ways.items():
            started = time.perf_counter()
            values[name] = way(a, b)
            seconds[name].append(time.perf_counter() - started)
    slow, fast = (statistics.median(seconds[name]) for name in ways)
    first, second = values.values()
    for name, taken in zip(ways, (slow, fast)):
        print(f"{name:<28}{taken:>8.2f} s")
    print(f"ratio {slow / fast:.1f}, relative difference {abs(second / first - 1):.1e}")


if __name__ == "__main__":
    main()
