"""How far the images that a model makes are, as a law, from a known finite one."""

from __future__ import annotations

from typing import Any

import numpy as np

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.image import Image
from saddlepoint.metrics.proofs.base import Measure, Table
from saddlepoint.metrics.proofs.finite_law import bars_of, variation

_SAMPLES = 20_000


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """The total variation between the law and the frequencies of 20,000 images; pixels over the middle are white."""
    patterns = bars_of(dataset).patterns() > 0
    draw, train = numpy_generator(seed, "sampled law"), np.asarray(dataset.images) > 0

    def row(kind: str, name: str, images: np.ndarray) -> dict[str, Any]:
        frequency = (images.reshape(len(images), 1, -1) == patterns.reshape(1, len(patterns), -1)).all(2).mean(0)
        other = float(1 - frequency.sum())
        return {"kind": kind, "name": name, "variation": variation(frequency), "other_images": other}

    samples = model.sample(_SAMPLES, seed=seed, batch=2_000).numpy() > 0
    real = train[draw.choice(len(train), _SAMPLES)]
    naive = draw.random(samples.shape) < train.mean(0)
    return Table(
        rows=(
            row("generated", model.name, samples),
            row("real", "as many images of the data", real),
            row("baseline", "naive: each pixel for itself", naive),
        ),
        protocol=(
            f"Total variation distance, from 0 to 1, less is better: between the frequencies of {_SAMPLES:,} images and"
            f" the even law over {len(patterns)} images of {patterns[0].size} pixels. Other images are the share of"
            " those that are none of these."
        ),
    )


MEASURE = Measure(compare, {"variation": "less", "other_images": "less"}, fields={"image": Image})
