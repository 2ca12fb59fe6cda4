"""How near cleaned images come to the clean ones, beside the best linear denoiser."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import pixels
from saddlepoint.methods.abilities import Corrupts
from saddlepoint.metrics.baselines.linear import linear_map
from saddlepoint.metrics.proofs.base import Measure, Table


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Mean squared error of held-out images that the method has spoilt as in training, where black is 0 and white 1.

    The baseline is the best linear map from a spoilt image to the clean one (ridge regression), fitted to all training
    images.
    """
    method = model.method
    if not isinstance(method, Corrupts):
        raise ConfigError(f"{model.name} spoils no images in training, so it cleans none.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    clean, known = (pixels(torch.from_numpy(np.ascontiguousarray(dataset.images[rows]))) for rows in (held_out, train))
    spoilt, shown = method.corrupt(clean, seed), method.corrupt(known, seed + 1)

    def row(kind: str, name: str, cleaned: Tensor) -> dict[str, Any]:
        errors = ((cleaned.clamp(-1, 1) - clean) / 2).square().flatten(1).mean(1)
        psnr = -10 * errors.clamp_min(1e-10).log10()
        return {"kind": kind, "name": name, "error": errors.mean().item(), "psnr": psnr.mean().item()}

    linear = linear_map(shown.flatten(1), known.flatten(1))
    return Table(
        rows=(
            row("generated", model.name, model.reconstruct(spoilt)),
            row("real", "the clean images", clean),
            row("baseline", "naive: the best linear denoiser", linear(spoilt.flatten(1)).view_as(clean)),
            row("other", "naive: the spoilt image", spoilt),
            row("other", "naive: the mean image", known.mean(0, keepdim=True).expand_as(clean)),
        ),
        protocol=(
            f"{len(clean):,} held-out images, spoilt as in training, everything cut to black and white. error: mean"
            " square where black is 0 and white 1. psnr: decibels, mean over images."
        ),
    )


MEASURE = Measure(compare, {"error": "less", "psnr": "more"}, fields={"image": Image})
