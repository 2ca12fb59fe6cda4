"""How likely held-out images are."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import entr

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import pixels
from saddlepoint.metrics.proofs.base import Measure, Table


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Log-likelihood of held-out images in nats, where each pixel is black or white with its brightness as probability.

    The baseline knows how often each pixel is white in the training images and nothing more.
    """
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    draw, samples = numpy_generator(seed, "black or white"), 1000

    def black_or_white(rows: np.ndarray) -> np.ndarray:
        return np.where(draw.random(dataset.images[rows].shape) < dataset.images[rows] / 255, 255, 0).astype(np.uint8)

    binary = black_or_white(held_out)
    bounds = [model.log_likelihood(pixels(torch.from_numpy(binary)), samples=k, seed=seed) for k in (samples, 1)]
    # One image more of each colour, so that a pixel which was never white in training may be so here.
    white = (dataset.images[train].sum(0) / 255 + 1) / (len(train) + 2)
    naive = np.where(binary == 255, np.log(white), np.log(1 - white)).reshape(len(binary), -1).sum(1)
    grey = dataset.images[held_out] / 255  # no model can foresee what is drawn by chance from these
    chance = (entr(grey) + entr(1 - grey)).reshape(len(grey), -1).sum(1)
    return Table(
        rows=(
            {"kind": "generated", "name": model.name, "nats": -bounds[0].mean().item()},
            {"kind": "other", "name": f"{model.name}, 1 sample", "nats": -bounds[1].mean().item()},
            {"kind": "baseline", "name": "naive: each pixel for itself", "nats": -float(naive.mean())},
            {"kind": "real", "name": "floor: each pixel's own chance", "nats": float(chance.mean())},
        ),
        protocol=(
            f"Nats for an image of {binary[0].size} pixels, less is better: minus the importance-weighted bound on the"
            f" log-likelihood with {samples:,} samples, mean over {len(binary)} held-out images whose pixels were drawn"
            " black or white with their brightness as the probability of white."
        ),
    )


# Of pixels that are black or white the likelihood is a probability, so its nats are never negative.
MEASURE = Measure(compare, {"nats": "less"}, fields={"image": Image})
