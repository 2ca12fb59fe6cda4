"""How far translated images are from what they should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world.styles import both
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.metrics.baselines.translation import ColourTable, mean_image, recoloured
from saddlepoint.metrics.proofs.base import Measure, Table

MOST_NAIVE = 2_000
"""training images that a naive translation is made from"""


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """How far held-out images, translated, are from what they should be: of pairs, or of world:styles, which knows."""
    cases = _paired(model, dataset) if "source" in dataset.fields else _in_styles(model, dataset)

    def row(kind: str, name: str, images: list[np.ndarray]) -> dict[str, Any]:
        differences = [one.astype(np.float32) - case.truth for one, case in zip(images, cases)]
        each = {f"error_{case.origin}": float(np.abs(one).mean()) for case, one in zip(cases, differences)}
        psnr = float(np.mean([10 * np.log10(255**2 / max(np.square(one).mean(), 1e-9)) for one in differences]))
        line = {"kind": kind, "name": name, "error": float(np.mean(list(each.values()))), "psnr": psnr}
        return line | (each if len(cases) > 1 else {})

    generated = [
        to_uint8(model.translate(pixels(torch.from_numpy(c.source)), c.origin, seed=seed)).numpy() for c in cases
    ]
    naive = [row("other", name, [case.naive[name] for case in cases]) for name in cases[0].naive]
    best = min((line for line in naive if line["name"] not in cases[0].informed), key=lambda line: line["error"])
    best["kind"] = "baseline"
    return Table(
        rows=(row("generated", model.name, generated), *naive),
        protocol=(
            f"Mean absolute difference to the true image in levels of 0 to 255, and peak signal-to-noise ratio in dB,"
            f" of {sum(len(case.source) for case in cases)} held-out images. The baseline is the best of the naive maps"
            f" that know no more than the method was shown: {best['name']}."
        ),
    )


MEASURE = Measure(compare, {"error": "less", "psnr": "more", "error_a": "less", "error_b": "less"})


@dataclass(frozen=True)
class _Case:
    """Held-out images of one kind (`origin`), their truth, and what naive maps make of them, by name.

    informed: the maps that were shown more than the method was.
    """

    origin: str
    source: np.ndarray
    truth: np.ndarray
    naive: dict[str, np.ndarray]
    informed: tuple[str, ...] = ()


def _paired(model: Model, dataset: Dataset) -> list[_Case]:
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    sources, targets = (dataset.fields[name][train[:MOST_NAIVE]] for name in ("source", "target"))
    source, truth = (dataset.fields[name][held_out] for name in ("source", "target"))
    naive = {
        "naive: the source itself": source,
        "naive: the mean target": mean_image(targets, len(source)),
        "naive: each colour for itself": ColourTable(sources, targets)(source),
    }
    return [_Case("source", source, truth, naive)]


def _in_styles(model: Model, dataset: Dataset) -> list[_Case]:
    if dataset.source != "world:styles":
        raise ConfigError(f"nobody knows the true translation of {dataset.source}; world:styles has one.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    side, cases = dataset.images.shape[-1], []
    for origin, name in enumerate(("a", "b")):
        forms = both(held_out[held_out % 2 == origin], side)
        source, truth = forms[:, origin], forms[:, 1 - origin]
        own, other = (dataset.images[train[train % 2 == place][:MOST_NAIVE]] for place in (origin, 1 - origin))
        pairs = both(train[:MOST_NAIVE], side)
        naive = {
            "naive: the image itself": source,
            "naive: the mean of the other style": mean_image(other, len(source)),
            "naive: the colours of the other style": recoloured(source, own, other),
            "each colour for itself, learnt from true pairs": ColourTable(pairs[:, origin], pairs[:, 1 - origin])(
                source
            ),
        }
        cases.append(_Case(name, source, truth, naive, informed=("each colour for itself, learnt from true pairs",)))
    return cases
