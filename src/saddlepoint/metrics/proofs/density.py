"""How dense held-out points of a known mixture are under a model that states a density."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.points import Points
from saddlepoint.metrics.proofs.base import Measure, Table
from saddlepoint.metrics.proofs.modes import mixture_of

_COMPONENTS = 4


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Minus the mean log-density of held-out points in nats, beside a Gaussian, a mixture of 4 and the truth."""
    known = mixture_of(dataset)
    if known is None:
        raise ConfigError(f"{dataset.source} is no mixture of known centres; use world:ring8 or world:grid25.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    points, shown = dataset.examples[train], dataset.examples[held_out]
    gaussian = multivariate_normal(points.mean(0), np.atleast_2d(np.cov(points.T))).logpdf(shown)
    mixture = GaussianMixture(_COMPONENTS, random_state=seed).fit(points[:20_000]).score_samples(shown)
    own = model.log_likelihood(torch.from_numpy(shown), samples=1, seed=seed).numpy()
    true = np.log(known.density(shown))

    def row(kind: str, name: str, log_density: np.ndarray) -> dict[str, Any]:
        nats = -float(log_density.mean())
        return {"kind": kind, "name": name, "nats": nats, "divergence": nats + float(true.mean())}

    return Table(
        rows=(
            row("generated", model.name, own),
            row("real", "the true density", true),
            row("baseline", "naive: one Gaussian", gaussian),
            row("other", f"mixture of {_COMPONENTS} Gaussians", mixture),
        ),
        protocol=(
            f"Nats of a density, less is better, may be negative: minus the mean log-density of {len(shown):,} held-out"
            " points; the divergence is how much more that is than the true density's, the Kullback-Leibler divergence"
            " from the truth as these points estimate it."
        ),
    )


MEASURE = Measure(compare, {"nats": "less", "divergence": "less"}, fields={"image": Points}, signed=True)
