"""Whether the columns of made records go together, and whether what is learnt from them holds for real ones."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import torch
from scipy.stats import norm, rankdata
from sklearn.ensemble import RandomForestClassifier

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.kind import PLAIN
from saddlepoint.kinds.record import Record
from saddlepoint.metrics.proofs.base import Measure, Table

_BINS = 8


def cut(records: np.ndarray, like: np.ndarray, kind: Record) -> np.ndarray:
    """Which word, or which eighth of the numbers of `like`, each cell is: int64 [N, D]."""
    columns = []
    for column, count in enumerate(kind.counts):
        if count:
            columns.append(np.rint((records[:, column] + 1) / 2 * max(1, count - 1)).astype(np.int64))
        else:
            edges = np.quantile(like[:, column], np.arange(1, _BINS) / _BINS)
            columns.append(np.searchsorted(edges, records[:, column]))
    return np.stack(columns, 1)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Half the summed difference of the shares of all pairs of cells, mean over pairs of columns: 0 to 1."""
    distances = []
    for first, second in combinations(range(one.shape[1]), 2):
        shares = []
        for cells in (one, other):
            histogram = np.zeros((max(one[:, first].max(), other[:, first].max()) + 1, 1001))
            np.add.at(histogram, (cells[:, first], cells[:, second]), 1 / len(cells))
            shares.append(histogram)
        distances.append(0.5 * np.abs(shares[0] - shares[1]).sum())
    return float(np.mean(distances))


def copula(records: np.ndarray, n: int, draw: np.random.Generator) -> np.ndarray:
    """Rows of a Gaussian copula: each column as it is, and together as normal ones of the same rank correlations."""
    normal = np.stack([norm.ppf(rankdata(column) / (len(column) + 1)) for column in records.T])
    drawn = draw.multivariate_normal(np.zeros(len(normal)), np.corrcoef(normal), n)
    return np.stack(
        [
            np.quantile(column, norm.cdf(values), method="nearest") if len(column) else column
            for column, values in zip(records.T, drawn.T)
        ],
        1,
    )


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """The distance of pairs of columns of made records from those of held-out ones.

    The baseline draws every column by itself from the training rows; a Gaussian copula stands beside it.
    """
    kind = dataset.kinds["record"]
    assert isinstance(kind, Record)
    words = [column for column, count in enumerate(kind.counts) if count > 1]
    if not words:
        raise ConfigError(f"{dataset.source} has no column of words, which this measure needs.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    shown = kind.shown(torch.from_numpy(np.asarray(dataset.examples)), PLAIN).numpy()
    known, unseen = shown[train], shown[held_out]
    draw, n = numpy_generator(seed, "columns"), len(held_out)
    alone = np.stack([draw.choice(column, n) for column in known.T], 1)
    target, least = words[-1], [column for column in range(shown.shape[1]) if column != words[-1]]
    wanted = cut(unseen, known, kind)

    def row(kind_of_row: str, name: str, records: np.ndarray) -> dict[str, Any]:
        cells = cut(records, known, kind)
        forest = RandomForestClassifier(50, min_samples_leaf=5, random_state=seed)
        forest.fit(records[:, least], cells[:, target])
        right = float((forest.predict(unseen[:, least]) == wanted[:, target]).mean())
        return {"kind": kind_of_row, "name": name, "pairs": apart(cells, wanted), "taught": right}

    return Table(
        rows=(
            row("generated", model.name, model.sample(n, seed=seed).numpy()),
            row("baseline", "naive: each column by itself", alone),
            row("real", "real rows", known[draw.choice(len(known), n, replace=False)]),
            row("other", "a Gaussian copula", copula(known, n, draw)),
        ),
        protocol=(
            f"{n:,} rows each against as many held-out ones. pairs: half the summed difference of the shares of all"
            f" combinations of two columns, numbers in {_BINS} parts, mean over pairs. taught: share of held-out rows"
            f" of which a random forest that learns from such rows alone names the {kind.columns[target]!r} rightly."
        ),
    )


MEASURE = Measure(compare, {"pairs": "less", "taught": "more"}, fields={"record": Record})
