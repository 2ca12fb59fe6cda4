"""What codes tell of the known factors of images, whether their numbers are independent, and what lies between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world.factorial import FACTORS, factors, render
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import pixels
from saddlepoint.losses.divergence import exact, parts
from saddlepoint.methods.abilities import Infers, Samples
from saddlepoint.metrics.baselines.linear_codes import LinearCodes
from saddlepoint.metrics.formulas import mig
from saddlepoint.metrics.proofs.base import Measure, Table

_APART = 4  # steps from one place to the other, whose middle is looked for

Decode = Callable[[Tensor], Tensor]


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """The exact total correlation of the codes, and what they are good for.

    The baseline is probabilistic PCA with as many numbers: of all linear models that bound a likelihood, the best.
    """
    method = model.method
    if dataset.source != "world:factorial":
        raise ConfigError(f"nobody knows all factors of {dataset.source}; those of world:factorial are known.")
    if not (isinstance(method, Infers) and isinstance(method, Samples)):
        raise ConfigError(f"{model.name} describes no image by a distribution of codes.")
    images, shown = pixels(torch.from_numpy(dataset.images)), factors(np.arange(len(dataset)))

    def row(kind: str, name: str, mean: Tensor, log_variance: Tensor, decode: Decode) -> dict[str, Any]:
        codes = mean + (log_variance / 2).exp() * normal_rows(len(mean), mean.shape[1], seed)
        divergence = parts(codes, mean, log_variance, exact(len(mean)))
        return {
            "kind": kind,
            "name": name,
            "total_correlation": divergence.total_correlation.item(),
            "error": _error(decode(mean), images),
            "middle": _middle(lambda rows: decode((mean[rows[0]] + mean[rows[1]]) / 2), shown, dataset),
            "information": divergence.information.item(),
            "mig_posterior": mig.posterior(mean, log_variance, shown, seed=seed).value,
            "mig_histogram": mig.histogram(mean.numpy(), shown).value,
        }

    with torch.no_grad():
        mean, log_variance = method.posterior(model.nets, images.to(model.device))
        own = row(
            *("generated", model.name, mean.cpu(), log_variance.cpu()),
            lambda codes: method.generate(model.nets, codes.to(model.device)).cpu(),
        )
        linear = LinearCodes(images, mean.shape[1])
        naive = row("baseline", "naive: probabilistic PCA", *linear.posterior(images), linear.decode)
    blend = _middle(lambda rows: (images[rows[0]] + images[rows[1]]) / 2, shown, dataset)
    return Table(
        rows=(own, naive, {"kind": "other", "name": "naive: both images laid over each other", "middle": blend}),
        protocol=(
            f"All {len(images):,} combinations of {', '.join(f'{count} of {name}' for name, count in FACTORS.items())};"
            f" {mean.shape[1]} numbers a code. total_correlation and information (of codes on images) in nats, of codes"
            " drawn once for each image, by the exact mixture of all posteriors. error: mean square of what the mean"
            " code becomes, images from 0 to 1. middle: the same of the middle of the codes of two discs"
            f" {_APART} steps apart against the true disc between them. mig_posterior: gap of mutual information by"
            " 10,000 codes drawn from the posteriors (Chen et al.); mig_histogram: by the means in 20 bins (Locatello"
            " et al.)."
        ),
    )


MEASURE = Measure(
    compare,
    {
        "total_correlation": "less",
        "error": "less",
        "middle": "less",
        "information": "more",
        "mig_posterior": "more",
        "mig_histogram": "more",
    },
    fields={"image": Image},
    signed=True,
)


def _error(reconstruction: Tensor, images: Tensor) -> float:
    """Mean square where images span 0 to 1."""
    return ((reconstruction - images) / 2).square().mean().item()


def _middle(between: Callable[[tuple[np.ndarray, np.ndarray]], Tensor], shown: np.ndarray, dataset: Dataset) -> float:
    """How far what is made of two images that differ in their place alone is from the true one between them."""
    errors = []
    for column in (0, 1):
        step = _APART * int(np.prod(list(FACTORS.values())[column + 1 :]))
        first = np.flatnonzero(shown[:, column] + _APART < tuple(FACTORS.values())[column])
        true = render((shown[first] + shown[first + step]) / 2, dataset.images.shape[-1])
        errors.append(_error(between((first, first + step)), pixels(torch.from_numpy(true))))
    return float(np.mean(errors))
