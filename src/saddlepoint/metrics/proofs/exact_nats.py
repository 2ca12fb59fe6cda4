"""How likely held-out binary images are, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import pixels
from saddlepoint.methods.abilities import HasLikelihood
from saddlepoint.metrics.baselines.bernoulli_mixture import held_out_nats
from saddlepoint.metrics.proofs.base import Measure, Table

_MIXTURES = (50, 100)


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Exact nats of held-out images whose pixels are all black or white.

    The baselines are each pixel for itself and mixtures of 50 and 100 Bernoullis, fitted to the training images; the
    best of them is the one to beat. Raises ConfigError for grey images, CapabilityError for a mere bound.
    """
    method: Any = model.method
    if not isinstance(method, HasLikelihood) or not method.exact:
        raise CapabilityError(f"{model.name} states no exact likelihood: use the measure held-out-bound.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    images = np.asarray(dataset.images)
    if not np.isin(images, (0, 255)).all():
        raise ConfigError(f"{dataset.source} has grey pixels: this measure needs black and white images.")
    nats = -model.log_likelihood(pixels(torch.from_numpy(images[held_out]))).double()
    known, shown = images[train] > 0, images[held_out] > 0
    naive = {"naive: each pixel for itself": float(held_out_nats(known, shown, 1).mean())}
    for components in _MIXTURES:
        name = f"naive: mixture of {components} Bernoullis"
        naive[name] = float(held_out_nats(known, shown, components, seed).mean())
    best = min(naive, key=lambda name: naive[name])
    error = float(nats.std() / len(nats) ** 0.5)
    return Table(
        rows=(
            {"kind": "generated", "name": model.name, "exact_nats": nats.mean().item()},
            *(
                {"kind": "baseline" if name == best else "other", "name": name, "exact_nats": value}
                for name, value in naive.items()
            ),
        ),
        protocol=(
            f"Exact nats for an image of {shown[0].size} binary pixels, less is better: minus the mean log-probability"
            f" of {len(shown):,} held-out images (standard error {error:.2f}); the data is black and white as it is, so"
            " nothing was binarised by chance."
        ),
    )


MEASURE = Measure(compare, {"exact_nats": "less"}, fields={"image": Image})
