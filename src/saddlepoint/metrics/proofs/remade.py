"""How near an image comes to itself when it is made again from its code, and whether neighbours in features agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.neighbors import KNeighborsClassifier

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import key, numpy_generator
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import pixels
from saddlepoint.methods.abilities import Embeds, Reconstructs
from saddlepoint.metrics.proofs.base import Measure, Table


@torch.no_grad()
def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Mean distance of held-out images from what their codes become, and the accuracy of their nearest neighbour.

    The baseline's distance is that of another held-out image at random; its neighbours are in the features of the same
    encoder at random weights.
    """
    method = model.method
    if not (isinstance(method, Reconstructs) and isinstance(method, Embeds)):
        raise ConfigError(f"{model.name} does not make images again and describe them by features.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    labels = dataset.fields["label"]
    known, unseen = (pixels(torch.from_numpy(np.asarray(dataset.images[rows]))) for rows in (train, held_out))

    def neighbour(features: tuple[torch.Tensor, torch.Tensor]) -> float:
        nearest = KNeighborsClassifier(1).fit(features[0].cpu().numpy(), labels[train])
        return float(nearest.score(features[1].cpu().numpy(), labels[held_out]))

    def features(nets: torch.nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
        return (method.embed(nets, known.to(model.device)), method.embed(nets, unseen.to(model.device)))

    with torch.random.fork_rng(devices=()):
        torch.manual_seed(key(seed, "untrained"))
        untrained = method.networks(model.spec).eval().to(model.device)
    others = unseen[torch.from_numpy(numpy_generator(seed, "pairs").permutation(len(unseen)))]
    remade = method.reconstruct(model.nets, unseen.to(model.device)).cpu()
    middle = known.mean(0, keepdim=True).expand_as(unseen)
    rows: list[dict[str, Any]] = [
        {
            "kind": "generated",
            "name": model.name,
            "distance": _distance(remade, unseen),
            "neighbour": neighbour(features(model.nets)),
        },
        {
            "kind": "baseline",
            "name": "naive: another image; an untrained encoder",
            "distance": _distance(others, unseen),
            "neighbour": neighbour(features(untrained)),
        },
        {"kind": "other", "name": "the mean image; pixels", "distance": _distance(middle, unseen)}
        | {"neighbour": neighbour((known.flatten(1), unseen.flatten(1)))},
    ]
    return Table(
        rows=rows,
        protocol=(
            f"distance: Euclidean, of {len(unseen):,} held-out images in [-1, 1] from what their codes become, mean."
            f" neighbour: share of them whose nearest of {len(known):,} training images, in the features of the"
            " encoder's last hidden layer, is of their class."
        ),
    )


MEASURE = Measure(compare, {"distance": "less", "neighbour": "more"}, fields={"image": Image, "label": Label})


def _distance(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).flatten(1).norm(dim=1).mean())
