"""How likely the texts of a model are to the network that wrote the data, beside those of a plain language model."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world import oracle
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.metrics.baselines.language_model import likelihood_model
from saddlepoint.metrics.proofs.base import Measure, Table

_TEXTS = 10_000


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Minus the oracle's log-probability of a token of new texts; and minus the model's own of held-out ones.

    The baseline is an LSTM of the same size that learnt by likelihood alone from as many texts.
    """
    if dataset.source != "world:oracle":
        raise ConfigError(f"nobody knows who wrote {dataset.source}; of world:oracle it is known.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    texts = np.asarray(dataset.fields["text"], np.int64)
    length = texts.shape[1]
    unseen = torch.from_numpy(texts[held_out])
    method: Any = model.method
    plain = likelihood_model(
        method,
        model.spec,
        torch.from_numpy(texts[train]),
        examples=model.clock.examples,
        batch=model.facts["run"]["batch"],
        seed=seed,
    )
    own = model.sample(_TEXTS, seed=seed, batch=_TEXTS).as_subclass(Tensor).long().cpu().numpy()
    noise = method.latents(model.nets, _TEXTS, seed)
    written = method.generate(plain, noise).numpy()
    shares = np.bincount(texts[train].flatten(), minlength=oracle.SYMBOLS) / texts[train].size
    counted = numpy_generator(seed, "single tokens").choice(oracle.SYMBOLS, (_TEXTS, length), p=shares)

    def nats(rows: np.ndarray) -> float:
        return float(-oracle.log_probability(rows).mean() / length)

    def likely(nets: Any) -> float:
        return float(-method.log_likelihood(nets, unseen.to(model.device), 1, 0).mean() / length)

    def row(kind: str, name: str, rows: np.ndarray, held: float) -> dict[str, object]:
        return {"kind": kind, "name": name, "nats": nats(rows), "held_out": held, "different": _different(rows)}

    singles = -float(np.log(shares[texts[held_out]] + 1e-12).mean())
    return Table(
        rows=(
            row("generated", model.name, own, likely(model.nets)),
            row("baseline", "an LSTM that learnt by likelihood from as many texts", written, likely(plain)),
            row("other", "single tokens by their shares", counted, singles),
            row("real", "the oracle itself", texts[held_out], nats(texts[held_out])),
        ),
        protocol=(
            f"Nats a token, less is better. nats: minus the oracle's log-probability of {_TEXTS:,} new texts, which"
            " rewards texts that are all alike as well; different: the share of texts that occur once; held_out: minus"
            f" the model's own log-probability of {len(held_out):,} held-out texts, which punishes what is missing."
        ),
    )


def _different(rows: np.ndarray) -> float:
    """How many different texts there are among them, as a share."""
    return len(np.unique(rows, axis=0)) / len(rows)


MEASURE = Measure(compare, {"nats": "less", "held_out": "less", "different": "more"}, fields={"text": Tokens})
