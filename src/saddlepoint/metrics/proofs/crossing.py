"""How far images of unpaired kinds, translated, are from what they should be: each way that the model knows.

Of worlds that show each scene in one of two forms and know the other, such as world:styles. There and back is measured
too where the model knows both ways: the cycle error, which a map can have at 0 without being right.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.methods.abilities import Translates
from saddlepoint.metrics.baselines.translation import mean_image, recoloured
from saddlepoint.metrics.proofs.base import Measure, Table
from saddlepoint.metrics.proofs.translation import MOST_NAIVE

WORLDS = ("world:styles", "world:camera", "world:discs")
"""whose module has `both`: scenes by number in both forms, of which even ones are shown in the first"""


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Mean absolute difference of translations to the true images, beside that of naive maps."""
    if dataset.source not in WORLDS:
        raise ConfigError(f"nobody knows the true translation of {dataset.source}; use {' or '.join(WORLDS)}.")
    if not isinstance(model.method, Translates):
        raise ConfigError(f"{model.name} translates no images.")
    both = importlib.import_module(f"saddlepoint.data.{dataset.source.replace(':', '.')}").both
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    ways = dict(model.method.directions())
    side = dataset.images.shape[-1]
    cases = []
    for place, origin in enumerate(("a", "b")):
        if origin in ways:
            forms = both(held_out[held_out % 2 == place], side)
            own, other = (dataset.images[train[train % 2 == kind][:MOST_NAIVE]] for kind in (place, 1 - place))
            cases.append((origin, forms[:, place], forms[:, 1 - place], own, other))

    def translated(images: np.ndarray, origin: str) -> np.ndarray:
        return to_uint8(model.translate(pixels(torch.from_numpy(images)), origin, seed=seed)).numpy()

    def row(kind: str, name: str, images: list[np.ndarray]) -> dict[str, Any]:
        errors = {f"error_{case[0]}": _apart(one, case[2]) for case, one in zip(cases, images)}
        line = {"kind": kind, "name": name, "error": float(np.mean(list(errors.values())))}
        return line | (errors if len(cases) > 1 else {})

    own_row = row("generated", model.name, [translated(source, origin) for origin, source, *_ in cases])
    if len(cases) > 1:
        back = [_apart(translated(translated(source, origin), ways[origin]), source) for origin, source, *_ in cases]
        own_row["cycle"] = float(np.mean(back))
    naive = [
        row("other", "naive: the image itself", [case[1] for case in cases]),
        row("other", "naive: the mean of the other style", [mean_image(case[4], len(case[1])) for case in cases]),
        row(
            "other",
            "naive: the colours of the other style",
            [recoloured(case[1], case[3], case[4]) for case in cases],
        ),
    ]
    best = min(naive, key=lambda line: line["error"])
    best["kind"] = "baseline"
    return Table(
        rows=(own_row, *naive),
        protocol=(
            f"Mean absolute difference to the true image in levels of 0 to 255 of"
            f" {sum(len(case[1]) for case in cases)} held-out images. cycle: the same of an image translated there and"
            f" back to itself. The baseline is the best of the naive maps: {best['name']}."
        ),
    )


MEASURE = Measure(
    compare,
    {"error": "less", "error_a": "less", "error_b": "less", "cycle": "less"},
    fields={"image": Image, "label": Label},
)


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(np.float32) - other).mean())
