"""How likely held-out series on levels are, beside models of the last step alone and, of a known world, the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world import lag
from saddlepoint.kinds.kind import PLAIN
from saddlepoint.kinds.series import Series
from saddlepoint.metrics.proofs.base import Measure, Table
from saddlepoint.nn.layers.mu_law import levels_of


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Nats a step of held-out series on even levels. The baseline is the better of two that count levels in training:
    alone, and after the level of the step before."""
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    shown = dataset.kinds["series"].shown(torch.from_numpy(np.asarray(dataset.fields["series"])), PLAIN)
    numbers = levels_of(shown[:, :, 0], lag.LEVELS, "even").numpy()
    steps = numbers.shape[1]
    own = -model.log_likelihood(shown[held_out]).mean().item() / steps
    rows: list[dict[str, Any]] = [{"kind": "generated", "name": model.name, "nats": own}]
    counted = {order: nats(numbers[train], numbers[held_out], order, lag.LEVELS) for order in (0, 1)}
    best = min(counted, key=lambda order: counted[order])
    words = {0: "levels alone", 1: "levels after the one before"}
    for order, figure in counted.items():
        kind = "baseline" if order == best else "other"
        rows.append({"kind": kind, "name": f"{'naive: ' * (order == best)}counts of {words[order]}", "nats": figure})
    truth = -float(lag.log_probability(numbers[held_out]).mean()) / steps
    rows.append({"kind": "real", "name": "floor: the world's own law", "nats": truth})
    protocol = (
        f"Nats a step, and how far they are above the floor, less is better: minus the exact log-probability of"
        f" {len(held_out)} held-out series of {steps}"
        f" steps on {lag.LEVELS} even levels; the counts are of the {len(train):,} series of training, each one more."
    )
    return Table(rows=[{**row, "gap": row["nats"] - truth} for row in rows], protocol=protocol)


def nats(train: np.ndarray, held_out: np.ndarray, order: int, levels: int) -> float:
    """Minus the mean log-probability of a step given the `order` (0 or 1) steps before it, by counts plus one.

    The first step has none before it, and is counted alone.
    """
    alone = np.bincount(train.reshape(-1), minlength=levels) + 1.0
    first = np.log(alone / alone.sum())
    if order == 0:
        return -float(first[held_out].mean())
    pairs = np.ones((levels, levels))
    np.add.at(pairs, (train[:, :-1].reshape(-1), train[:, 1:].reshape(-1)), 1.0)
    later = np.log(pairs / pairs.sum(1, keepdims=True))
    total = first[held_out[:, 0]].sum() + later[held_out[:, :-1], held_out[:, 1:]].sum()
    return -float(total / held_out.size)


MEASURE = Measure(compare, {"nats": "less", "gap": "less"}, fields={"series": Series})
