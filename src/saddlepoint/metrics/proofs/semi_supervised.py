"""How often a class is named wrongly by who was told few labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.labels import labelled_rows
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import key, numpy_generator
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import pixels
from saddlepoint.methods.abilities import Predicts
from saddlepoint.metrics.proofs.base import Measure, Table


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Share of held-out images whose class is named wrongly.

    The baseline is the same network, new, that learns from the same few labels and nothing else.
    """
    if not isinstance(model.method, Predicts):
        raise ConfigError(f"{model.name} on {dataset.source} names no classes.")
    labels, steps = torch.from_numpy(dataset.fields["label"]), 1000
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    labelled = labelled_rows(dataset, train, model.facts["data"]["labels_per_class"], model.facts["run"]["seed"])
    unseen = pixels(torch.from_numpy(dataset.images[held_out]))

    def row(kind: str, name: str, classifier: Model) -> dict[str, Any]:
        wrong = classifier.classify(unseen).argmax(1) != labels[held_out]
        return {"kind": kind, "name": name, "error": wrong.float().mean().item()}

    taught = {len(rows): _by_labels(model, dataset, rows, steps, seed) for rows in (labelled, train)}
    return Table(
        rows=(
            row("generated", f"{model.name}, {len(labelled):,} labels", model),
            row("baseline", f"the same network by {len(labelled):,} labels alone", taught[len(labelled)]),
            row("real", f"the same network by all {len(train):,} labels", taught[len(train)]),
        ),
        protocol=(
            f"Share of {len(held_out):,} held-out images named wrongly. By labels alone: {steps:,} steps of up to 100"
            " images, Adam of rate .001 on the cross-entropy."
        ),
    )


MEASURE = Measure(compare, {"error": "less"}, fields={"image": Image, "label": Label})


def _by_labels(model: Model, dataset: Dataset, rows: np.ndarray, steps: int, seed: int) -> Model:
    """A new network of the model's kind that has learnt the labels of `rows` and nothing else."""
    method: Any = model.method
    draw = numpy_generator(seed, "by labels")
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(key(seed, "by labels"))
        nets = method.networks(model.spec).train()
        optimiser = torch.optim.Adam(nets.parameters(), lr=1e-3)
        for _ in range(steps):
            batch = draw.choice(rows, min(len(rows), 100), replace=False)
            probabilities = method.predict(nets, pixels(torch.from_numpy(dataset.images[batch])))["class"]
            loss = F.nll_loss(probabilities.clamp_min(1e-12).log(), torch.from_numpy(dataset.fields["label"][batch]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return Model(method, nets.eval(), model.spec, model.facts, model.clock, model.path)
