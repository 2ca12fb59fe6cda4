"""What can be said of a translator between kinds of images without pairs: of its held-out images."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.checkpoint.trained_on import data_of
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.metrics.formulas.translation_faults import colour_drift, copies, cycle_errors
from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.scores.score import Protocol, Score
from saddlepoint.report.side_by_side import Columns, write_side_by_side
from saddlepoint.runs.evaluation import Evaluation
from saddlepoint.runs.held_out_pairs import FOLDER

MOST, SHOWN = 1_000, 500
"""held-out images of each kind that are translated, and shown side by side"""
NOTES = (
    "no figure here knows the truth: cycle-error is how far images are from themselves after there and back, in levels"
    " of 0 to 255, which leaving everything as it is has at 0",
    "copied-share: translations that differ from their source by less than a tenth of what two images of the kinds"
    " differ by; colour-drift: levels from the mean colour of translations to that of real images of their kind",
)


def evaluate_translations(model: Model) -> Evaluation:
    """Error after there and back, where the model knows both ways, and each way copies and drifting colours.

    Raises ConfigError where too few images were held out.
    """
    dataset, settings = data_of(model)
    held_out = dataset.split(settings.held_out)[1]
    labels = dataset.fields["label"][held_out]
    method: Any = model.method
    ways: dict[str, str] = dict(method.directions())
    images = {kind: np.asarray(dataset.images)[held_out[labels == place][:MOST]] for place, kind in enumerate("ab")}
    if min(map(len, images.values())) < 2:
        raise ConfigError("two images or more of each kind are needed that were held out: use a larger --held-out.")

    def across(given: Bytes, origin: str) -> Bytes:
        translated: Any = to_uint8(model.translate(pixels(torch.from_numpy(given)), origin)).cpu().numpy()
        return np.asarray(translated)

    def score(value: float, word: str, origin: str, error: float | None = None) -> Score:
        count = len(images[origin])
        protocol = Protocol(f"{word}[{origin}]", len(images[ways[origin]]), count, reference="held-out")
        return Score(value, dataclasses.replace(protocol, data=dataset.fingerprint), error=error)

    scores, tables = [], []
    for origin, end in ways.items():
        translated = across(images[origin], origin)
        columns = {"given": images[origin], "made of it": translated}
        if end in ways:
            columns["there and back"] = back = across(translated, end)
            errors = cycle_errors(images[origin], back)
            scores.append(score(float(errors.mean()), "cycle-error", origin, float(errors.std() / len(errors) ** 0.5)))
        tables.append(Columns(f"{origin}-", f"from {origin} to {end}", {n: c[:SHOWN] for n, c in columns.items()}))
        scores.append(score(copies(images[origin], translated, images[end]), "copied-share", origin))
        scores.append(score(colour_drift(translated, images[end]), "colour-drift", origin))
    floor = [
        score(colour_drift(images[end][::2], images[end][1::2]), "colour-drift", origin) for origin, end in ways.items()
    ]
    name = f"{model.name} after {model.clock.examples:,} images"
    page = write_side_by_side(model.home / FOLDER, name, tables)
    return Evaluation(name, scores, floor, [*NOTES, f"{SHOWN} of each kind at most side by side: {page}"])
