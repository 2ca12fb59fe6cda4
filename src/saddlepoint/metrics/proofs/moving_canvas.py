"""How exactly generated images follow a canvas that moves, and how near to real ones they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import pixels
from saddlepoint.metrics.baselines.gaussian import PixelGaussian
from saddlepoint.metrics.formulas.equivariance import rotation, translation
from saddlepoint.metrics.proofs.base import Measure, Table

_IMAGES, _TRIALS = 64, 16


@torch.no_grad()
def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """EQ-T in decibels, beside that of images whose canvas moves while every detail stays where it is.

    The baseline's details stick to the screen: the image that is to move is drawn as it was. pixel_distance is the
    distance of the means and deviations of pixels from those of real images.
    """
    method: Any = model.method
    if not hasattr(method, "moved"):
        raise ConfigError(f"{model.name} has no canvas that could be moved.")
    latents = method.latents(model.nets, _IMAGES, seed).to(model.device)

    def render(transform: torch.Tensor) -> torch.Tensor:
        images: torch.Tensor = method.moved(model.nets, latents, transform.to(model.device))
        return images.cpu()

    still = render(torch.eye(3))
    real = pixels(torch.from_numpy(np.asarray(dataset.images[:1000])))
    naive = pixels(torch.from_numpy(PixelGaussian(dataset.images).sample(_IMAGES, seed)))

    def row(kind: str, name: str, moves: Any, images: torch.Tensor) -> dict[str, Any]:
        apart = (images.mean(0) - real.mean(0)).square() + (images.std(0) - real.std(0)).square()
        figures = {"eq_t": translation(moves, _TRIALS, seed), "eq_r": rotation(moves)}
        return {"kind": kind, "name": name, **figures, "pixel_distance": apart.mean().sqrt().item()}

    return Table(
        rows=(
            row("generated", model.name, render, still),
            row("baseline", "naive: what is drawn sticks to the screen", lambda _: still, still),
            row("other", "a Gaussian over pixels, still", lambda _: naive, naive),
        ),
        protocol=(
            f"{_IMAGES} images, {_TRIALS} shifts of the canvas by whole pixels up to an eighth of the side: eq_t is the"
            " peak signal-to-noise ratio in decibels of the moved canvas drawn anew against the image moved; eq_r the"
            " same of quarter turns."
        ),
    )


MEASURE = Measure(compare, {"eq_t": "more", "eq_r": "more", "pixel_distance": "less"}, fields={"image": Image})
