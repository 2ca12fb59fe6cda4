"""What a model's codes tell of the factors of its images: the gap of mutual information, by each of its protocols."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world import factorial
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.kinds.pixels import pixels
from saddlepoint.losses.divergence import exact, parts
from saddlepoint.methods.abilities import Infers
from saddlepoint.metrics.formulas import mig
from saddlepoint.metrics.scores.base import Figures, ModelMetric, TrainedModel
from saddlepoint.metrics.scores.score import Score
from saddlepoint.metrics.sets import ImageSet

_MOST = 2000  # images whose posteriors make the mixture
_DRAWN = 10_000  # codes of the paper's protocol


def factors_of(dataset: Dataset) -> np.ndarray:
    """What is known of each image, whole numbers [N, factors]: the exact factors of world:factorial, else the labels
    and the attributes. Raises ConfigError where nothing is.
    """
    if dataset.source == "world:factorial":
        return factorial.factors(np.arange(len(dataset)))
    known = [
        dataset.fields[name].reshape(len(dataset), -1) for name in ("label", "attributes") if name in dataset.fields
    ]
    columns = np.concatenate(known, 1).astype(np.int64) if known else np.empty((len(dataset), 0), np.int64)
    varied = [column for column in columns.T if len(np.unique(column)) > 1]
    if not varied:
        raise ConfigError(f"{dataset.source} has neither labels nor attributes: no factor of its images is known.")
    return np.stack(varied, 1)


@torch.no_grad()
def _figures(trained: TrainedModel, fake: ImageSet, seed: int, prepared: None) -> Figures:
    """The gap by codes drawn from the posteriors, the gap by their means, and the exact total correlation in nats.

    Of at most 2,000 of the images compared with, evenly spread. Raises CapabilityError for a model without posteriors,
    ConfigError for images of which no factor is known.
    """
    model, dataset, rows = trained.model, trained.dataset, trained.compared
    method = model.method
    if not isinstance(method, Infers):
        raise CapabilityError(f"{model.name} describes no image by a distribution of codes, which mig measures.")
    known = factors_of(dataset)
    chosen = rows[np.linspace(0, len(rows) - 1, min(len(rows), _MOST)).astype(np.int64)]
    images = pixels(torch.from_numpy(dataset.images[chosen]))
    pairs = [method.posterior(model.nets, part.to(model.device)) for part in images.split(256)]
    mean, log_variance = (torch.cat([each.float().cpu().flatten(1) for each in kind]) for kind in zip(*pairs))
    shown = known[chosen]
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(seed))
    divergence = parts(mean + (log_variance / 2).exp() * noise, mean, log_variance, exact(len(mean)))
    figures = {
        f"mig[posterior, {_DRAWN:,} codes]": mig.posterior(mean, log_variance, shown, samples=_DRAWN, seed=seed).value,
        "mig[means, 20 bins]": mig.histogram(mean.numpy(), shown).value,
        "total-correlation": divergence.total_correlation.item(),
    }
    scores = [
        Score(value, dataclasses.replace(trained.protocol, metric=name, real=len(mean), fake=0), seed=seed)
        for name, value in figures.items()
    ]
    return Figures(scores)


METRIC = ModelMetric(_figures, "more")
