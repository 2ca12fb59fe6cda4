"""How often a model that names classes is wrong on images held out of its training: in all, by class and by group."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.stats import fisher_exact

from saddlepoint.checkpoint.model import Model
from saddlepoint.checkpoint.trained_on import data_of
from saddlepoint.data.batches import UNLABELLED
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import pixels
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.metrics.scores.base import binomial_error
from saddlepoint.metrics.scores.by_group import LEAST, groups_of
from saddlepoint.metrics.scores.score import Protocol, Score
from saddlepoint.runs.evaluation import Evaluation

_BATCH = 256
_SURE = 0.05
"""p under which two groups are said to differ"""


def names_classes(model: Model) -> bool:
    """Whether a model says of which class an image is, and was trained on images with classes."""
    task = model.task("predict")
    named = task is not None and isinstance(task.gives.get("class"), Probabilities)
    return named and isinstance(model.spec.fields.get("label"), Label) and len(model.spec.shape) == 3


def evaluate_classes(model: Model, groups: tuple[str, ...]) -> Evaluation:
    """Accuracy on held-out images, and errors by group: of `groups`, or by class. Raises ConfigError without images."""
    dataset, settings = data_of(model)
    _, held_out = dataset.split(settings.held_out)
    labels = dataset.labels
    if labels is not None and UNLABELLED in dataset.classes:
        held_out = held_out[labels[held_out] != dataset.classes.index(UNLABELLED)]  # nobody knows what these show
    if labels is None or len(held_out) < 2:
        raise ConfigError("this figure needs labelled images that were held out of training: train with --held-out.")
    right = np.concatenate([_right(model, dataset.images[rows], labels[rows]) for rows in _parts(held_out)])
    accuracy = float(right.mean())
    protocol = Protocol("accuracy", len(held_out), 0, reference="held-out", data=dataset.fingerprint)
    score = Score(accuracy, protocol, error=binomial_error(accuracy, len(right)))
    rows, notes = [], []
    for name, members in groups_of(dataset, groups or ("class",), held_out).items():
        count, wrong = int(members.sum()), int((~right[members]).sum())
        row: dict[str, Any] = {"name": name, "images": count, "error": wrong / count if count else None}
        if 0 < count < len(right):
            others = ~members
            table = [[wrong, count - wrong], [int((~right[others]).sum()), int(right[others].sum())]]
            row |= {"error_of_others": table[1][0] / others.sum(), "p": float(fisher_exact(table).pvalue)}
        rows.append(row)
    tests = sum("p" in row for row in rows)
    for row in rows:
        if "p" in row:
            row["p"] = min(1.0, row["p"] * tests)  # Bonferroni
            if row["p"] < _SURE and row["error"] > row["error_of_others"]:
                notes.append(
                    f"{row['name']} is worse off: wrong in {row['error']:.1%}, others in {row['error_of_others']:.1%}"
                )
    few = [row["name"] for row in rows if row["images"] < LEAST]
    notes += [f"of {', '.join(few)} fewer than {LEAST} images were held out: their errors say little"] if few else []
    notes.append("p: Fisher's exact test against all others, corrected by Bonferroni")
    return Evaluation(f"{model.name} after {model.clock.examples:,} images", [score], [], notes, groups=rows)


def _parts(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]


def _right(model: Model, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    task = model.task("predict")
    assert task is not None
    kind = task.gives["class"]
    assert isinstance(kind, Probabilities)
    classes = model.spec.classes
    numbers = np.array([classes.index(name) for name in (kind.names if {*kind.names} <= {*classes} else classes)])
    named = model.classify(pixels(torch.from_numpy(np.ascontiguousarray(images))))
    return np.asarray(numbers[named.argmax(1).numpy()] == labels)
