"""How often a class is named wrongly in a domain whose labels nobody told."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.batches import UNLABELLED
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world.domains import UNTOLD, truth
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import key, numpy_generator
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import pixels
from saddlepoint.methods.abilities import Predicts
from saddlepoint.metrics.proofs.base import Measure, Table
from saddlepoint.nn.backbones.lenet import LeNetTrunk

_STEPS, _BATCH = 800, 64


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Share of held-out images of each domain whose class is named wrongly.

    The baseline is a network of the same form and width that learns from the labelled images alone; the ceiling is one
    that is told the labels of the other domain.
    """
    if dataset.source != "world:domains" or not isinstance(model.method, Predicts):
        raise ConfigError(f"nobody knows the classes of the unlabelled images of {dataset.source}; use world:domains.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    labels = dataset.fields["label"]
    parts = [rows[(labels[rows] == UNTOLD) == untold] for rows in (train, held_out) for untold in (False, True)]
    own, other, own_held, other_held = parts

    def row(kind: str, name: str, network: Any) -> dict[str, Any]:
        wrong = []
        for rows in (other_held, own_held):
            with torch.no_grad():
                scores = network(pixels(torch.from_numpy(dataset.images[rows])))
            wrong.append(float((scores.argmax(1).numpy() != truth(rows)).mean()))
        return {"kind": kind, "name": name, "error": wrong[0], "error_labelled": wrong[1]}

    widths = getattr(model.method, "widths", (16, 24))
    taught = [_taught(dataset, rows, widths, seed).eval() for rows in (own, other)]
    return Table(
        rows=(
            row("generated", model.name, lambda images: model.do("predict", {"images": images})["class"]),
            row("baseline", "labelled images alone", taught[0]),
            row("real", "told the labels of the other domain", taught[1]),
        ),
        protocol=(
            f"error: share of {len(other_held):,} held-out images of the domain without labels named wrongly;"
            f" error_labelled: of {len(own_held):,} of the other. {UNLABELLED} images had no label in training. The"
            f" others learnt for {_STEPS} steps of {_BATCH} images, Adam of rate .001, by two convolutions of the same"
            " widths."
        ),
    )


MEASURE = Measure(compare, {"error": "less", "error_labelled": "less"}, fields={"image": Image, "label": Label})


def _taught(dataset: Dataset, rows: np.ndarray, widths: tuple[int, int], seed: int) -> nn.Module:
    """A network that has learnt the classes of these rows."""
    draw, classes = numpy_generator(seed, "adaptation"), torch.from_numpy(truth(rows))
    images = pixels(torch.from_numpy(dataset.images[rows]))
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(key(seed, "adaptation"))
        trunk = LeNetTrunk(images.shape[1], (images.shape[2], images.shape[3]), widths, 0.0)
        network = nn.Sequential(trunk, nn.Linear(trunk.features, 48), nn.ReLU(), nn.Linear(48, UNTOLD))
        optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
        for _ in range(_STEPS):
            batch = torch.from_numpy(draw.choice(len(rows), _BATCH, replace=False))
            loss = F.cross_entropy(network(images[batch]), classes[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return network
