"""A model of tables beside real rows: each column, pairs of columns, what can be learnt from the rows, and copies."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import torch
from scipy.stats import rankdata
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import NearestNeighbors

from saddlepoint.checkpoint.model import Model
from saddlepoint.checkpoint.trained_on import data_of
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.kind import PLAIN
from saddlepoint.kinds.record import Record
from saddlepoint.metrics.proofs.columns_together import apart, cut
from saddlepoint.metrics.scores.score import Protocol, Score
from saddlepoint.runs.evaluation import Evaluation

MOST = 10_000
"""held-out rows that are looked at; of those trained on all are, since any of them may have been copied"""
_WORDS = 1000  # of a column, that pairs tell apart; further ones count as one
_SAME = 1e-6  # standard deviations within which two rows are one
NOTES = [
    "marginals: half the summed difference of the shares of a column's words, or of eight parts of its numbers, mean"
    " over columns; pairs: the same of all combinations of two columns; 0 is alike, 1 is nothing in common",
    "closest: median distance to the closest row that was trained on, over that of held-out rows; far below 1 is"
    " copying; copies: share of rows that are in the training table",
]


def evaluate_records(model: Model, n: int | None) -> Evaluation:
    """How near made rows come to held-out ones, beside as many rows that were trained on.

    n: rows to make; None for as many as were held out. Where a column has words, `taught` is the share of held-out
    rows whose last such column a random forest names rightly that has learnt from the made rows alone; where there are
    two columns of numbers, `correlations` is the mean absolute difference of their rank correlations.
    Raises ConfigError where fewer than 20 rows were held out.
    """
    dataset, settings = data_of(model)
    kind = dataset.kinds["record"]
    assert isinstance(kind, Record)
    train, held_out = dataset.split(settings.held_out)
    if len(held_out) < 20 or (n is not None and n < 2):
        raise ConfigError(
            "20 rows or more must be held out, and two be made, to compare them: use a larger --held-out."
        )
    seed = 0
    known, unseen = (_shown(dataset.examples[rows], kind) for rows in (train, held_out[:MOST]))
    generated = model.sample(n or len(unseen), seed=seed).cpu().numpy()
    others = known[numpy_generator("records", len(known)).permutation(len(known))[: len(unseen)]]
    wanted = cut(unseen, known, kind)
    protocol = Protocol("", len(unseen), 0, reference="held-out", data=dataset.fingerprint, things="rows")
    numbers = [column for column, count in enumerate(kind.counts) if not count]
    words = [column for column, count in enumerate(kind.counts) if count > 1]
    distance = _distances(known, kind)
    usual = distance(unseen)

    def figures(rows: np.ndarray, of_seed: int | None) -> list[Score]:
        cells = cut(rows, known, kind)
        values = {"marginals": _marginals(cells, wanted)}
        if cells.shape[1] > 1:
            values["pairs"] = apart(np.minimum(cells, _WORDS), np.minimum(wanted, _WORDS))
        if len(numbers) > 1:
            values["correlations"] = _correlations(rows[:, numbers], unseen[:, numbers])
        if words and cells.shape[1] > 1:
            values["taught"] = _taught(rows, cells, unseen, wanted, words[-1])
        if of_seed is not None:  # rows that were trained on are copies of themselves
            apart_by = distance(rows)
            middle = max(float(np.median(usual)), _SAME)
            values |= {"closest": float(np.median(apart_by)) / middle, "copies": _copies(apart_by)}
        return [
            Score(value, dataclasses.replace(protocol, metric=word, fake=len(rows)), seed=of_seed)
            for word, value in values.items()
        ]

    notes = [*NOTES, f"of held-out rows {_copies(usual):.2%} are in the training table too"]
    if words and len(kind.counts) > 1:
        notes.append(
            f"taught: the share of {len(unseen):,} held-out rows whose {kind.columns[words[-1]]!r} is named rightly"
        )
    return Evaluation(model.name, figures(generated, seed), figures(others, None), notes)


def _shown(stored: np.ndarray, kind: Record) -> np.ndarray:
    values: np.ndarray = kind.shown(torch.from_numpy(np.asarray(stored)), PLAIN).numpy()
    return values


def _marginals(one: np.ndarray, other: np.ndarray) -> float:
    distances = []
    for first, second in zip(one.T, other.T):
        length = 1 + max(int(first.max()), int(second.max()))
        shares = (np.bincount(column, minlength=length) / len(column) for column in (first, second))
        distances.append(0.5 * np.abs(next(shares) - next(shares)).sum())
    return float(np.mean(distances))


def _copies(distances: np.ndarray) -> float:
    return float((distances < _SAME).mean())


def _correlations(one: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute difference of the rank correlations of columns of numbers."""
    with np.errstate(invalid="ignore", divide="ignore"):  # of a column that is the same throughout
        first, second = (np.nan_to_num(np.corrcoef(rankdata(values, axis=0), rowvar=False)) for values in (one, other))
    above = np.triu_indices(one.shape[1], 1)
    return float(np.abs(first - second)[above].mean())


def _taught(rows: np.ndarray, cells: np.ndarray, unseen: np.ndarray, wanted: np.ndarray, target: int) -> float:
    least = [column for column in range(rows.shape[1]) if column != target]
    forest = RandomForestClassifier(50, min_samples_leaf=5, random_state=0).fit(rows[:, least], cells[:, target])
    return float((forest.predict(unseen[:, least]) == wanted[:, target]).mean())


def _distances(known: np.ndarray, kind: Record) -> Callable[[np.ndarray], np.ndarray]:
    """The distance of rows to the closest known one: numbers in standard deviations, another word counts one.  [N]"""
    spread = np.where(known.std(0) > 0, known.std(0), 1.0)

    def places(rows: np.ndarray) -> np.ndarray:
        parts, cells = [], cut(rows, known, kind)
        for column, count in enumerate(kind.counts):
            if count:
                parts.append(np.eye(count, dtype=np.float32)[cells[:, column]] / np.float32(2**0.5))
            else:
                parts.append((rows[:, column : column + 1] / spread[column]).astype(np.float32))
        return np.concatenate(parts, 1)

    nearest = NearestNeighbors(n_neighbors=1).fit(places(known))

    def distance(rows: np.ndarray) -> np.ndarray:
        return np.asarray(nearest.kneighbors(places(rows))[0][:, 0])

    return distance
