"""What series that a model makes are worth: for a predictor that learns from them alone, and to the eye of a critic."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import Ridge

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.kind import PLAIN
from saddlepoint.kinds.series import Series
from saddlepoint.metrics.proofs.base import Measure, Table

_MOST, _LAGS = 2000, 4


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """The mean error of the next step, foreseen by what was learnt from made series, and how well these are told apart.

    The baseline is an autoregression of one step in all channels, with the data's own mean and covariance.
    """
    kind = dataset.kinds["series"]
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    real, unseen = (
        kind.shown(torch.from_numpy(np.asarray(dataset.fields["series"][rows])), PLAIN).numpy()
        for rows in (train[:_MOST], held_out)
    )
    count, draw = min(_MOST, len(real)), numpy_generator(seed, "baselines of series")
    own = model.sample(count, seed=seed).numpy()
    sets = (
        ("generated", model.name, own),
        ("baseline", "naive: an autoregression of one step", stepwise(real, count, draw)),
        ("other", "a Gaussian process with the data's mean and covariance", gaussian(real, count, draw)),
        ("real", "real series of training", real),
    )
    rows: list[dict[str, Any]] = []
    for kind_of, name, series in sets:
        rows.append({"kind": kind_of, "name": name, "foreseen": foreseen(series, unseen), "told": told(series, unseen)})
    return Table(
        rows=rows,
        protocol=(
            f"foreseen: mean absolute error, in [-1, 1], of the next step of {len(unseen)} held-out series, by a linear"
            f" map of the {_LAGS} steps before it, learnt from {count:,} series of each kind alone; less is better."
            " told: how much more than half of series, of these and held-out ones, boosted trees tell rightly which"
            " they are; 0 is not at all."
        ),
    )


def foreseen(series: np.ndarray, unseen: np.ndarray) -> float:
    """The mean absolute error of the next step of unseen series, by a linear map that has learnt from `series`."""
    inputs, targets = _windows(series)
    before, truth = _windows(unseen)
    return float(np.abs(Ridge(alpha=1e-3).fit(inputs, targets).predict(before) - truth).mean())


def told(series: np.ndarray, unseen: np.ndarray) -> float:
    """How far above a half the share of held-out series is that trees tell rightly, half of each sort."""
    count = min(len(series), len(unseen))
    each = [part[:count].reshape(count, -1) for part in (series, unseen)]
    labels, rows = np.repeat((0, 1), count), np.concatenate(each)
    even = np.arange(2 * count) % 2 == 0
    trees = HistGradientBoostingClassifier(max_iter=40, random_state=0).fit(rows[even], labels[even])
    return float(abs((trees.predict(rows[~even]) == labels[~even]).mean() - 0.5))


def stepwise(real: np.ndarray, count: int, draw: np.random.Generator) -> np.ndarray:
    """Series of which each step is a linear map of the one before it and noise, as it is on average in real ones."""
    before, after = real[:, :-1].reshape(-1, real.shape[2]), real[:, 1:].reshape(-1, real.shape[2])
    step = Ridge(alpha=1e-3).fit(before, after)
    spread = np.linalg.cholesky(np.cov((after - step.predict(before)).T) + 1e-9 * np.eye(real.shape[2]))
    rows = [real[draw.integers(len(real), size=count), 0]]
    for _ in range(real.shape[1] - 1):
        rows.append(step.predict(rows[-1]) + draw.normal(size=(count, real.shape[2])) @ spread.T)
    return np.stack(rows, 1)


def gaussian(real: np.ndarray, count: int, draw: np.random.Generator) -> np.ndarray:
    """Series from the normal distribution over all steps and channels with the mean and covariance of real ones."""
    flat = real.reshape(len(real), -1).astype(np.float64)
    drawn: np.ndarray = draw.multivariate_normal(flat.mean(0), np.cov(flat.T), count, method="eigh")
    return drawn.reshape(count, *real.shape[1:])


def _windows(series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The steps before each, and it.  [M, lags x C], [M, C]"""
    ends = range(_LAGS, series.shape[1])
    inputs = np.concatenate([series[:, end - _LAGS : end].reshape(len(series), -1) for end in ends])
    return inputs, np.concatenate([series[:, end] for end in ends])


MEASURE = Measure(compare, {"foreseen": "less", "told": "less"}, fields={"series": Series})
