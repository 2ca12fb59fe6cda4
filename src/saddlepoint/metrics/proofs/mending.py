"""How well patches that were left out are made again, and what the encoder has learnt meanwhile."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator, key
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import pixels
from saddlepoint.methods.abilities import Mends
from saddlepoint.methods.base import Method
from saddlepoint.metrics.proofs.base import Measure, Table
from saddlepoint.nn.backbones.vit import patchify, unpatchify

_MOST, _TAUGHT, _KNOWN = 500, 4000, 2000
"""images that are mended, that a classifier of codes learns from, and that the most alike one is looked for among"""


@torch.no_grad()
def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Squared error of the patches that were left out, and how many classes a linear map reads from the codes.

    The baseline is the better of two: the mean of what is seen of each image, and the training image that is most alike
    in what is seen.
    """
    method = model.method
    if not isinstance(method, Mends):
        raise ConfigError(f"{model.name} mends no image of which patches are left out.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    truth = pixels(torch.from_numpy(np.asarray(dataset.images[held_out[:_MOST]])))
    taught = pixels(torch.from_numpy(np.asarray(dataset.images[train[:_TAUGHT]])))
    count = patchify(truth[:1], method.patch).shape[1]
    order = torch.rand(len(truth), count, generator=generator(seed, "left out", count)).argsort(1)
    device = model.device
    filled = method.fill(model.nets, truth.to(device), order.to(device)).cpu()
    kept = int(count * (1 - method.masked))
    hidden = torch.ones_like(order, dtype=torch.bool).scatter(1, order[:, :kept], False)
    size = (truth.shape[2], truth.shape[3])
    where = unpatchify(hidden[..., None].expand(-1, -1, method.patch**2).float(), method.patch, size) > 0
    known, shown = taught[:_KNOWN].flatten(1), (~where).float()
    mean = (truth * shown).sum((2, 3), keepdim=True) / shown.sum((2, 3), keepdim=True)
    wide = shown.expand_as(truth).flatten(1)
    apart = wide @ known.square().T - 2 * (truth.flatten(1) * wide) @ known.T  # of what is seen, but for a constant
    alike = known[apart.argmin(1)].view_as(truth)
    errors = {"the mean of what is seen": mean.expand_as(truth), "the most alike image of training": alike}
    figures = {name: _error(each, truth, where) for name, each in errors.items()}
    best = min(figures, key=lambda name: figures[name])
    rows: list[dict[str, Any]] = [{"kind": "generated", "name": model.name, "error": _error(filled, truth, where)}]
    rows += [
        {"kind": "baseline" if name == best else "other", "name": f"{'naive: ' * (name == best)}{name}", "error": value}
        for name, value in figures.items()
    ]
    words = ""
    if isinstance(dataset.kinds.get("label"), Label):
        probes = _probes(model, method, taught, truth, dataset, train, held_out, seed)
        for row, value in zip((rows[0], next(r for r in rows if r["kind"] == "baseline")), probes):
            row["probe"] = value
        words = (
            f" probe: the share of them whose class a logistic regression of the encoder's codes names rightly, learnt"
            f" from {len(taught):,} codes; of the baseline, of codes of the same encoder before it learnt anything."
        )
    return Table(
        rows=rows,
        protocol=(
            f"error: mean square over the pixels of the {method.masked:.0%} of patches that were left out, in [-1, 1],"
            f" of {len(truth)} held-out images; the most alike is among {_KNOWN:,} images of training, by what is seen."
            + words
        ),
    )


def _error(images: Tensor, truth: Tensor, where: Tensor) -> float:
    wide = where.expand_as(truth)
    return float((images - truth)[wide].square().mean())


def _probes(
    model: Model,
    method: Mends,
    taught: Tensor,
    truth: Tensor,
    dataset: Dataset,
    train: np.ndarray,
    held_out: np.ndarray,
    seed: int,
) -> tuple[float, float]:
    """The share of classes named rightly from codes, of the trained encoder and of a new one."""
    labels = dataset.fields["label"]
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(key(seed, "untrained"))
        assert isinstance(method, Method)
        new = method.networks(model.spec).eval().to(model.device)
    shares = []
    for nets in (model.nets, new):
        codes, held = (
            torch.cat([method.embed(nets, part.to(model.device)).cpu() for part in images.split(256)]).numpy()
            for images in (taught, truth)
        )
        scaler = StandardScaler().fit(codes)
        linear = LogisticRegression(max_iter=1000).fit(scaler.transform(codes), labels[train[: len(taught)]])
        right = linear.predict(scaler.transform(held)) == labels[held_out[: len(truth)]]
        shares.append(float(right.mean()))
    return shares[0], shares[1]


MEASURE = Measure(compare, {"error": "less", "probe": "more"}, fields={"image": Image})
