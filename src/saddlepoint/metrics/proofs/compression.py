"""How exactly held-out images are made again from a few numbers, beside as many principal components."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.batches import ImageBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator, key
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import pixels
from saddlepoint.methods.abilities import Reconstructs
from saddlepoint.methods.base import Clock
from saddlepoint.metrics.proofs.base import Measure, Table


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Mean squared error of held-out images, where black is 0 and white 1.

    The baseline is PCA with as many numbers as the code, fitted to the training images. Where the method has stages of
    pretraining, the same network tuned from new weights in as many steps stands beside it.
    """
    if not isinstance(model.method, Reconstructs):
        raise ConfigError(f"{model.name} makes no image again from a code.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    known, unseen = (pixels(torch.from_numpy(np.array(dataset.images[rows]))) for rows in (train, held_out))
    numbers = model.do("encode", {"images": unseen[:1]})["latents"].numel()

    def row(kind: str, name: str, reconstruction: Tensor) -> dict[str, Any]:
        square = ((reconstruction.clamp(-1, 1) - unseen) / 2).square().mean().item()
        return {"kind": kind, "name": name, "error": square}

    pca = PCA(numbers).fit(known.flatten(1).numpy())
    again = torch.from_numpy(pca.inverse_transform(pca.transform(unseen.flatten(1).numpy()))).view_as(unseen)
    rows = [
        row("generated", model.name, model.reconstruct(unseen)),
        row("real", "the images themselves", unseen),
        row("baseline", f"PCA, {numbers} components", again.float()),
        row("other", "the mean image", known.mean(0, keepdim=True).expand_as(unseen)),
    ]
    before = sum(stage.examples or 0 for stage in model.method.stages())
    if before:
        steps = (model.facts["run"]["examples"] - before) // model.facts["run"]["batch"]
        rows.insert(3, row("other", "the same network from new weights", _untaught(model, known, steps, seed)(unseen)))
    protocol = (
        f"{len(unseen):,} held-out images from {numbers} numbers each: mean square where black is 0 and white 1."
        + (f" From new weights: the last stage's {steps:,} steps alone." if before else "")
    )
    return Table(rows, protocol)


MEASURE = Measure(compare, {"error": "less"}, fields={"image": Image})


class _Drawn:
    """Batches and random numbers for steps that are made by hand."""

    def __init__(self, images: Tensor, batch: int, seed: int) -> None:
        self._images, self._batch, self._stream = images, batch, generator(seed, "from new weights")

    def __call__(self) -> ImageBatch:
        return ImageBatch(self._images[torch.randint(len(self._images), (self._batch,), generator=self._stream)])

    def noise(self, n: int, *shape: int) -> Tensor:
        return torch.randn(n, *shape, generator=self._stream)

    def uniform(self, n: int, *shape: int) -> Tensor:
        return torch.rand(n, *shape, generator=self._stream)


def _untaught(model: Model, images: Tensor, steps: int, seed: int) -> Any:
    """What makes images again with a new network that only the last stage has trained, by Adam of its own rate."""
    method: Any = model.method
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(key(seed, "from new weights"))
        nets = method.networks(model.spec).train()
    draw, last = _Drawn(images, model.facts["run"]["batch"], seed), Clock(stage=len(method.stages()) - 1)
    moved = [weight for weight in nets.parameters() if weight.requires_grad]
    optimiser = torch.optim.Adam(moved, lr=method.lr)
    for _ in range(steps):
        update = next(method.train_step(nets, draw, last))
        optimiser.zero_grad()
        torch.stack(list(update.losses.values())).sum().backward()
        optimiser.step()
    return lambda shown: method.reconstruct(nets.eval(), shown).detach()
