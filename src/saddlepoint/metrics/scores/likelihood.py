"""Minus the mean log-likelihood of held-out images, in nats and in bits for each number of an image."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from saddlepoint.metrics.likelihoods import nats_of, of_likelihood, protocol_of, stored_for
from saddlepoint.metrics.scores.base import Figures, ModelMetric, TrainedModel
from saddlepoint.metrics.scores.score import Score
from saddlepoint.metrics.sets import ImageSet

_HELD_OUT = 10_000  # images whose likelihood is measured


def _figures(trained: TrainedModel, fake: ImageSet, seed: int, prepared: None) -> Figures:
    """The names say what it is of and whether it is exact: `nats[exact, dynamic binarisation]`.

    Raises CapabilityError for a model without likelihood, ConfigError when fewer than two images were held out.
    """
    model, held_out = trained.model, trained.held_out
    method = of_likelihood(model)
    trained.check_held_out()
    images, drawn = stored_for(method, np.asarray(trained.dataset.images)[held_out[:_HELD_OUT]], seed)
    nats = -nats_of(model, images, seed=seed).double()
    measured = protocol_of(method, drawn)
    error, per_dim = float(nats.std() / len(nats) ** 0.5), images[0].size * math.log(2)

    def score(unit: str, scale: float) -> Score:
        named = dataclasses.replace(
            trained.protocol,
            metric=f"{unit}[{measured}]",
            real=len(images),
            fake=0,
            reference="held-out",
            truncation=1.0,
        )
        return Score(float(nats.mean()) / scale, named, seed=seed, error=error / scale)

    return Figures([score("nats", 1.0), score("bits-per-dim", per_dim)])


METRIC = ModelMetric(_figures, "less")
