"""How often the worst group is named wrongly, beside the same network that learns for the mean of all."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world import habitats, shapes
from saddlepoint.data.world.images import IMAGES
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import key, numpy_generator
from saddlepoint.kinds.attributes import Attributes
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import pixels
from saddlepoint.methods.abilities import Predicts
from saddlepoint.metrics.proofs.base import Measure, Table

_FRESH = 1000  # images, each before both grounds


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Errors of fresh images before either ground. The baseline is the same network, new, on the mean of all losses."""
    if dataset.source != "world:habitats" or not isinstance(model.method, Predicts):
        raise ConfigError(f"{model.name} on {dataset.source}: this measure is of classes named in world:habitats.")
    train, _ = dataset.split(model.facts["data"]["held_out"])
    run = model.facts["run"]
    mean = _by_mean(model, dataset, train, run["examples"] // run["batch"], run["batch"], seed)
    rows = IMAGES + np.arange(_FRESH)
    labels, side = habitats.labels(rows), dataset.images.shape[-1]
    both = [
        pixels(torch.from_numpy(shapes.render(habitats.scenes(rows, np.full(_FRESH, white)), side)))
        for white in (False, True)
    ]

    def row(kind: str, name: str, classifier: Model) -> dict[str, Any]:
        wrong = np.stack([(classifier.classify(images).argmax(1).numpy() != labels) for images in both])
        groups = {
            f"{habitats.CLASSES[label]}_{ground}": float(wrong[number][labels == label].mean())
            for label in (0, 1)
            for number, ground in enumerate(("black", "white"))
        }
        return {"kind": kind, "name": name, "worst": max(groups.values())} | groups

    return Table(
        rows=(row("generated", model.name, model), row("baseline", "the same network, for the mean of all", mean)),
        protocol=(
            f"Share of {_FRESH:,} fresh images, each before black and before white, that are named wrongly, by class"
            f" and ground; worst: the largest of the four. In training {habitats.ELSEWHERE:.0%} of either class stand"
            " before the other's ground. The baseline has as many steps and the same rate, batch and decay."
        ),
    )


MEASURE = Measure(
    compare,
    {"worst": "less"},
    fields={"image": Image, "label": Label, "attributes": Attributes},
)


def _by_mean(model: Model, dataset: Dataset, rows: np.ndarray, steps: int, batch: int, seed: int) -> Model:
    """A new network of the model's kind that has learnt by the mean loss of all examples."""
    method: Any = model.method
    draw = numpy_generator(seed, "by the mean")
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(key(seed, "by the mean"))
        nets = method.networks(model.spec).train()
        matrices = [each for each in nets.parameters() if each.dim() >= 2]
        others = [each for each in nets.parameters() if each.dim() < 2]
        parts = [{"params": matrices, "weight_decay": method.weight_decay}, {"params": others, "weight_decay": 0.0}]
        optimiser = torch.optim.AdamW(parts, lr=method.lr)
        for _ in range(steps):
            chosen = draw.choice(rows, batch, replace=False)
            probabilities = method.predict(nets, pixels(torch.from_numpy(dataset.images[chosen])))["class"]
            loss = F.nll_loss(probabilities.clamp_min(1e-12).log(), torch.from_numpy(dataset.fields["label"][chosen]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return Model(method, nets.eval(), model.spec, model.facts, model.clock, model.path)
