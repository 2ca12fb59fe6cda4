"""Perplexity of held-out texts: e to the mean of minus the log-probability of a token; and bits for each byte of them.

Perplexities depend on how texts are cut into tokens. Bits per byte of UTF-8 do not, where nothing of a text is unknown.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import torch

from saddlepoint.errors import ConfigError
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.abilities import HasLikelihood
from saddlepoint.metrics.scores.base import Figures, ModelMetric, TrainedModel
from saddlepoint.metrics.scores.score import Score
from saddlepoint.metrics.sets import ImageSet

_MOST = 1000  # texts


def _figures(trained: TrainedModel, fake: ImageSet | None, seed: int, prepared: None) -> Figures:
    """`perplexity`, and `bits-per-byte` where the texts are in letters. Raises ConfigError for what has none."""
    model, kind = trained.model, trained.model.spec.main
    method: Any = model.method
    if not isinstance(kind, Tokens) or not isinstance(method, HasLikelihood):
        raise ConfigError(f"{model.name} states no probability of texts: perplexity is of language models.")
    trained.check_held_out()
    rows = trained.held_out[:_MOST]
    texts = torch.from_numpy(np.asarray(trained.dataset.fields["text"][rows], np.int64))
    nats = -model.log_likelihood(texts).double()
    ends = kind.way != "numbers"
    places = torch.arange(texts.shape[1])
    last = torch.where(texts != 0, places + 1, 0).amax(1)  # of a text that ends, its end counts as well
    counts = torch.clamp(last + 1, max=texts.shape[1]) if ends else torch.full((len(texts),), texts.shape[1])
    mean, counts = float(nats.sum() / counts.sum()), counts.double()
    spread = float((nats - mean * counts).std() / counts.mean() / len(nats) ** 0.5)
    protocol = dataclasses.replace(trained.protocol, real=len(texts), fake=0, reference="held-out", truncation=1.0)

    def score(name: str, value: float, error: float) -> Score:
        return Score(value, dataclasses.replace(protocol, metric=name), seed=seed, error=error)

    scores = [score("perplexity", math.exp(mean), math.exp(mean) * spread)]
    if ends:
        length = sum(len(kind.text(row).encode()) for row in texts)
        each = counts.sum().item() / math.log(2) / max(length, 1)
        scores.append(score("bits-per-byte", mean * each, spread * each))
    return Figures(scores)


METRIC = ModelMetric(_figures, "less")
