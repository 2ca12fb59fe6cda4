"""How likely the images of a known finite law are, exactly, and how far the law of a model is from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world import world
from saddlepoint.data.world.bars import Bars
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import pixels
from saddlepoint.methods.abilities import HasLikelihood
from saddlepoint.metrics.baselines.bernoulli_mixture import held_out_nats
from saddlepoint.metrics.proofs.base import Measure, Table


def bars_of(dataset: Dataset) -> Bars:
    """The world of a data set. Raises ConfigError for data whose law nobody knows."""
    known = world(dataset.source.removeprefix("world:")) if dataset.source.startswith("world:") else None
    if not isinstance(known, Bars):
        raise ConfigError(f"the law of {dataset.source} is not known; use world:bars4.")
    return known


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Minus the mean log-probability of all images of the law, and the total variation between it and the model's.

    The baseline is a mixture of Bernoullis with as many numbers as the model has. Raises CapabilityError for a model
    whose likelihood is a bound or an estimate.
    """
    method: Any = model.method
    if not isinstance(method, HasLikelihood) or not method.exact:
        raise CapabilityError(f"{model.name} states no exact likelihood here: use the measure sampled-law.")
    law = bars_of(dataset)
    patterns = law.patterns()
    numbers = sum(parameter.numel() for parameter in model.needed.parameters())
    components = max(1, numbers // (patterns[0].size + 1))
    train = np.asarray(dataset.images)[dataset.split(model.facts["data"]["held_out"])[0]] > 0

    def row(kind: str, name: str, nats: np.ndarray) -> dict[str, Any]:
        return {"kind": kind, "name": name, "exact_nats": float(nats.mean()), "variation": variation(np.exp(-nats))}

    own = -model.log_likelihood(pixels(torch.from_numpy(patterns))).double().numpy()
    return Table(
        rows=(
            row("generated", model.name, own),
            row("real", "the law itself", np.full(len(patterns), law.entropy)),
            row(
                "baseline", f"naive: mixture of {components} Bernoullis", held_out_nats(train, patterns > 0, components)
            ),
            row("other", "each pixel for itself", held_out_nats(train, patterns > 0, 1)),
        ),
        protocol=(
            f"Exact nats, less is better: minus the mean log-probability of the {len(patterns)} equally likely images"
            f" of {patterns[0].size} binary pixels; the least possible is log {len(patterns)} = {law.entropy:.3f}. The"
            f" mixture has about as many numbers as the model, {numbers:,}. Variation is the total variation distance"
            " between the two laws, from 0 to 1."
        ),
    )


def variation(probability: np.ndarray) -> float:
    """Total variation between a law and the even one over K images. probability: [K], what the law says of those."""
    return float(1 - np.minimum(probability, 1 / len(probability)).sum())


MEASURE = Measure(compare, {"exact_nats": "less", "variation": "less"}, fields={"image": Image})
