"""How near films made from films of layouts come to the truth, and how much they flicker."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.kinds.clip import Clip
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.metrics.baselines.translation import ColourTable
from saddlepoint.metrics.proofs.base import Measure, Table

_NAIVE = 300
"""training clips that the naive maps are made from"""


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Mean absolute difference of frames to the truth, and of their changes to the true changes."""
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    sources, targets = (dataset.fields[name][train[:_NAIVE]] for name in ("source", "target"))
    source, truth = (dataset.fields[name][held_out] for name in ("source", "target"))

    def row(kind: str, name: str, clips: np.ndarray) -> dict[str, Any]:
        own, right = clips.astype(np.float32), truth.astype(np.float32)
        changes = np.abs(np.diff(own, axis=1) - np.diff(right, axis=1))
        error, flicker = float(np.abs(own - right).mean()), float(changes.mean())
        return {"kind": kind, "name": name, "error": error, "flicker": flicker}

    frames = pixels(torch.from_numpy(np.ascontiguousarray(source)).flatten(0, 1))
    clips = frames.contiguous().unflatten(0, source.shape[:2])
    films = to_uint8(model.translate(clips, "source", seed=seed)).numpy()
    table = ColourTable(*(np.ascontiguousarray(each).reshape(-1, *each.shape[2:]) for each in (sources, targets)))
    flat = table(source.reshape(-1, *source.shape[2:])).reshape(truth.shape)
    naive = [
        row("other", "naive: the source itself", source),
        row("other", "naive: the mean colour of each class", flat),
        row("other", "naive: the mean film", np.repeat(targets.mean(0, keepdims=True), len(truth), 0).astype(np.uint8)),
    ]
    best = min(naive, key=lambda line: float(line["error"]))
    best["kind"] = "baseline"
    return Table(
        rows=(row("generated", model.name, films), *naive),
        protocol=(
            f"error: mean absolute difference to the true frames in levels of 0 to 255, of {len(truth)} held-out films."
            " flicker: the same of what changes from frame to frame. The baseline is the best of the naive maps:"
            f" {best['name']}."
        ),
    )


MEASURE = Measure(compare, {"error": "less", "flicker": "less"}, fields={"source": Clip, "target": Clip})
