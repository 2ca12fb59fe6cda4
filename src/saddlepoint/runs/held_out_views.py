"""True views that a model of a scene was not trained on, and how near its own come to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.checkpoint.trained_on import data_of
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.open import open_data
from saddlepoint.errors import ConfigError, OfflineError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.scores.measure_pairs import comparison, measure_pairs
from saddlepoint.metrics.scores.score import Protocol
from saddlepoint.runs.evaluation import Evaluation
from saddlepoint.text import counted

_TESTING = "transforms_test.json"
METRICS = ("psnr", "ssim", "lpips")
"""that views are compared by unless others are named; lpips where its weights are"""


@dataclass(frozen=True)
class HeldOut:
    """Views to compare with.

    fields: what a model is asked by: "camera" [n, 22], and "time" [n] where the scene moves. image: uint8
    [n, C, H, W]. rule: a sentence that says which they are.
    """

    fields: dict[str, Tensor]
    image: Bytes
    rule: str


def held_out_views(model: Model) -> HeldOut:
    """The views of the scene's transforms_test.json where there is one, else those held out of the run.

    Raises ConfigError where neither has any.
    """
    dataset, settings = data_of(model)
    word, _, place = settings.data.partition(":")
    testing = Path(place).expanduser() / _TESTING
    if word == "scene" and testing.is_file():
        other = open_data(dataclasses.replace(settings, data=f"{word}:{testing}"))
        rows = np.arange(len(other))
        dataset, rule = other, f"the {counted(len(rows), 'view')} of {_TESTING}, which no run is trained on"
    else:
        rows = dataset.split(settings.held_out)[1]
        rule = f"{len(rows)} of {len(dataset)} views, drawn once at random and held out of training (--held-out)"
    if not len(rows):
        raise ConfigError(
            f"no view was held out of this run, and its scene has no {_TESTING}: there is nothing to compare with."
        )
    task = model.task("render")
    assert task is not None
    if "views" in task.takes:
        return _of_scenes(dataset, rows, task.takes)
    image = np.asarray(dataset.fields["image"])[rows]
    fields = {name: torch.from_numpy(np.asarray(dataset.fields[name])[rows]) for name in task.takes}
    return HeldOut(fields, image, rule)


def _of_scenes(dataset: Dataset, rows: np.ndarray, takes: Mapping[str, Kind]) -> HeldOut:
    """Of each held-out scene the last view, by the first ones."""
    count = takes["views"].shape[0]
    views, rig = (np.asarray(dataset.fields[name])[rows] for name in ("views", "rig"))
    fields = {
        "camera": torch.from_numpy(rig[:, -1]),
        "views": torch.from_numpy(views[:, :count]).float() / 127.5 - 1,
        "rig": torch.from_numpy(rig[:, :count]),
    }
    for name in takes.keys() - fields.keys():  # of each view, such as its expression
        fields[name] = torch.from_numpy(np.asarray(dataset.fields[f"{name}s"])[rows, -1])
    rule = f"the last view of {len(rows)} of {len(dataset)} scenes, drawn once at random and held out of training"
    return HeldOut(fields, views[:, -1], f"{rule} (--held-out), by {counted(count, 'other view')} of each")


def evaluate_views(model: Model, metrics: Sequence[str] | None, weights: Sequence[Path]) -> Evaluation:
    """The mean of each metric over the held-out views. metrics: None for those of `METRICS` whose weights are there."""
    held_out, notes, named = held_out_views(model), [], metrics is not None
    comparisons = []
    for name in METRICS if metrics is None else metrics:
        try:
            comparisons.append((name, comparison(name, weights)))
        except OfflineError as error:
            if named:
                raise
            notes.append(f"{name} was left out: {error}")

    def pairs() -> Iterator[tuple[Bytes, Bytes]]:
        for row, image in enumerate(held_out.image):
            fields = {name: values[row : row + 1] for name, values in held_out.fields.items()}
            view = model.do("render", fields, batch=1)["image"]
            yield image[None], to_uint8(view).cpu().numpy()

    protocol = Protocol("", 0, 0, reference="held-out", things="views")
    scores = measure_pairs(
        [name for name, _ in comparisons], pairs(), protocol, [compare for _, compare in comparisons]
    )
    notes.append(f"compared with {held_out.rule}; each figure is the mean over views, in whole levels of 0 to 255")
    return Evaluation(f"{model.name} after {model.clock.examples:,} views", scores, [], notes)
