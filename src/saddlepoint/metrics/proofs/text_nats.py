"""How likely held-out texts of a made source are, beside counts of runs of tokens and the source's own law."""

from __future__ import annotations

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world import markov
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.metrics.proofs.base import Measure, Table


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Nats a token of held-out texts, and how far that is above the source's own law. The baseline counts pairs."""
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    texts = np.asarray(dataset.fields["text"], np.int64)
    length = texts.shape[1]
    own = -model.log_likelihood(torch.from_numpy(texts[held_out])).mean().item() / length
    truth = -float(markov.log_probability(texts[held_out]).mean()) / length
    runs = {order: by_counts(texts[train], texts[held_out], order, markov.SYMBOLS) for order in (0, 1, 2)}
    names = {0: "counts of single tokens", 1: "naive: counts of pairs", 2: "counts of threes, which know the order"}
    rows = [("generated", model.name, own)]
    rows += [("baseline" if order == 1 else "other", names[order], runs[order]) for order in runs]
    rows.append(("real", "floor: the source's own law", truth))
    return Table(
        rows=[{"kind": kind, "name": name, "nats": nats, "gap": nats - truth} for kind, name, nats in rows],
        protocol=(
            f"Nats a token, less is better: minus the exact log-probability of {len(held_out):,} held-out texts of"
            f" {length} tokens, each text by itself; the gap is to the law that they were drawn from. Counts are of the"
            f" {len(train):,} texts of training, each one more."
        ),
    )


def by_counts(train: np.ndarray, held_out: np.ndarray, order: int, symbols: int) -> float:
    """Minus the mean log-probability of a token given the `order` before it, or as many as there are, by counts."""
    total = 0.0
    for place in range(held_out.shape[1]):
        context = min(order, place)
        counts = np.ones((symbols,) * (context + 1))
        ends = range(context, train.shape[1])
        columns = [np.concatenate([train[:, end - back] for end in ends]) for back in range(context, -1, -1)]
        if place <= order:
            np.add.at(counts, tuple(columns), 1.0)
            logs = np.log(counts / counts.sum(-1, keepdims=True))
        total += logs[tuple(held_out[:, place - back] for back in range(context, -1, -1))].sum()
    return -float(total / held_out.size)


MEASURE = Measure(compare, {"nats": "less", "gap": "less"}, fields={"text": Tokens}, signed=False)
