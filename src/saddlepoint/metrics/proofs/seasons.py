"""How near scenes come to the truth under attributes that are asked for, other than those of their photograph."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world.seasons import NAMES, answer, attributes
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.attributes import Attributes
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.metrics.baselines.translation import ColourTable, mean_image
from saddlepoint.metrics.proofs.base import Measure, Table
from saddlepoint.metrics.proofs.translation import MOST_NAIVE


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Distance of scenes of held-out layouts, under attributes drawn anew, to the truth."""
    if dataset.source != "world:seasons":
        raise ConfigError(f"nobody knows how else the scenes of {dataset.source} look; use world:seasons.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    train = train[:MOST_NAIVE]
    side = dataset.fields["source"].shape[-1]
    layouts = dataset.fields["source"][held_out]
    holds = (numpy_generator(seed, "seasons").random((len(held_out), len(NAMES))) < 0.5).astype(np.uint8)
    truth = answer(held_out, holds, side).astype(np.float32)
    own = attributes(train)

    def row(kind: str, name: str, images: np.ndarray) -> dict[str, Any]:
        return {"kind": kind, "name": name, "error": float(np.abs(images.astype(np.float32) - truth).mean())}

    def by_attributes(make: Any) -> np.ndarray:
        """Of a map from training rows and held-out layouts, what it makes for each set of attributes."""
        images: np.ndarray = np.zeros_like(layouts)
        for key in np.unique(holds, axis=0):
            rows, wanted = train[(own == key).all(1)], (holds == key).all(1)
            images[wanted] = make(rows, layouts[wanted])
        return images

    sources, targets = dataset.fields["source"], dataset.fields["target"]
    naive = [
        row("other", "naive: the mean scene", by_attributes(lambda rows, given: mean_image(targets[rows], len(given)))),
        row(
            "other",
            "naive: the mean colour of each class",
            by_attributes(lambda rows, given: ColourTable(sources[rows], targets[rows])(given)),
        ),
        row("other", "naive: the photograph, whose attributes are others", targets[held_out]),
    ]
    best = min(naive, key=lambda line: float(line["error"]))
    best["kind"] = "baseline"
    given = {"source": pixels(torch.from_numpy(layouts)), "attributes": torch.from_numpy(holds).float()}
    images = to_uint8(model.sample(len(held_out), seed=seed, given=given)).numpy()
    return Table(
        rows=(row("generated", model.name, images), *naive),
        protocol=(
            f"Mean absolute difference to the true scene in levels of 0 to 255, of {len(held_out)} held-out layouts"
            f" under attributes drawn by coins. The baseline is the best of the naive maps, of which the first two know"
            f" the attributes: {best['name']}."
        ),
    )


MEASURE = Measure(compare, {"error": "less"}, fields={"attributes": Attributes})
