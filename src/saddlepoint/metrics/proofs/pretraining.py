"""Whether a network that has first learnt layer by layer names classes better than the same one from new weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import key, numpy_generator
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import pixels
from saddlepoint.methods.abilities import Predicts
from saddlepoint.metrics.proofs.base import Measure, Table


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Share of held-out images whose class is named wrongly.

    The baseline is the same network from new weights, tuned by the same optimiser in as many steps as the last stage.
    Beside it: the same by Adam, which today is the stronger one, and logistic regression.
    """
    before = sum(stage.examples or 0 for stage in model.method.stages())
    if not isinstance(model.method, Predicts) or not before:
        raise ConfigError(f"{model.name} names no classes after stages of pretraining.")
    method: Any = model.method
    steps = max(1, (model.facts["run"]["examples"] - before) // model.facts["run"]["batch"])
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    known, unseen = (pixels(torch.from_numpy(np.array(dataset.images[rows]))) for rows in (train, held_out))
    labels, truth = (torch.from_numpy(dataset.fields["label"][rows]) for rows in (train, held_out))

    def row(kind: str, name: str, classes: torch.Tensor) -> dict[str, Any]:
        return {"kind": kind, "name": name, "error": (classes != truth).float().mean().item()}

    def tuned(optimiser: type[torch.optim.Optimizer], lr: float) -> torch.Tensor:
        draw = numpy_generator(seed, "from new weights")
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(key(seed, "from new weights"))
            nets = method.networks(model.spec)
        moved: Any = optimiser(nets.parameters(), lr=lr)  # type: ignore[call-arg]
        for _ in range(steps):
            rows = torch.from_numpy(draw.integers(0, len(known), model.facts["run"]["batch"]))
            shares = method.predict(nets, known[rows])["class"]
            moved.zero_grad()
            F.nll_loss(shares.clamp_min(1e-12).log(), labels[rows]).backward()
            moved.step()
        with torch.no_grad():
            classes: torch.Tensor = method.predict(nets, unseen)["class"].argmax(1)
        return classes

    linear = LogisticRegression(max_iter=2000).fit(known.flatten(1).numpy(), labels.numpy())
    guessed = torch.from_numpy(linear.predict(unseen.flatten(1).numpy()))
    return Table(
        rows=(
            row("generated", model.name, model.classify(unseen).argmax(1)),
            row("real", "the labels themselves", truth),
            row("baseline", "the same network, SGD from new weights", tuned(torch.optim.SGD, method.lr)),
            row("other", "the same network, Adam from new weights", tuned(torch.optim.Adam, 1e-3)),
            row("other", "logistic regression", guessed),
        ),
        protocol=(
            f"Share of {len(truth):,} held-out images named wrongly, after {steps:,} steps by {len(known):,} labels."
            " SGD has the rate of the method's last stage, Adam .001."
        ),
    )


MEASURE = Measure(compare, {"error": "less"}, fields={"image": Image, "label": Label})
