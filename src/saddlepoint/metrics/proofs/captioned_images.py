"""Whether images that were made of captions show what these say, by classifiers of real images."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world import shapes
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.abilities import Sampling
from saddlepoint.metrics.extractors.classifier import train_classifier
from saddlepoint.metrics.extractors.features import features
from saddlepoint.metrics.proofs.base import Measure, Table

_MOST = 600
_SAID = ("colour", "ground", "shape")


@torch.no_grad()
def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """The share of held-out captions whose colour and ground, and whose shape, their images show.

    The baseline is real images with the captions of others, which are right by chance.
    """
    method: Any = model.method
    if dataset.source != "world:captions" or "text" not in method.conditions(model.nets):
        raise ConfigError(f"{model.name} on {dataset.source}: this measure is of images made of world:captions.")
    _, held_out = dataset.split(model.facts["data"]["held_out"])
    rows = held_out[:_MOST]
    truth = shapes.factors(np.arange(len(dataset)))
    sorts = {"colour": truth.colour, "ground": truth.background, "shape": truth.shape}
    images = np.asarray(dataset.images)
    classifiers = {name: train_classifier(images, labels, seed=0) for name, labels in sorts.items()}
    text = torch.from_numpy(np.asarray(dataset.fields["text"][rows], np.int64)).to(model.device)
    latents = method.latents(model.nets, len(rows), seed).to(model.device)
    parts: list[Tensor] = [
        method.generate(model.nets, z, Sampling({"text": words})).cpu()
        for z, words in zip(latents.split(100), text.split(100))
    ]

    def row(kind: str, name: str, shown: np.ndarray) -> dict[str, Any]:
        right = {
            sort: classifier.labels(features(classifier, shown)) == sorts[sort][rows]
            for sort, classifier in classifiers.items()
        }
        both = right["colour"] & right["ground"]
        return {"kind": kind, "name": name, "both": float(both.mean())} | {
            sort: float(values.mean()) for sort, values in right.items()
        }

    order = numpy_generator(seed, "other captions").permutation(len(rows))
    return Table(
        rows=(
            row("generated", model.name, to_uint8(torch.cat(parts)).numpy()),
            row("baseline", "naive: real images of other captions", images[rows][order]),
            row("real", "real images", images[rows]),
        ),
        protocol=(
            f"{len(rows)} held-out captions. {', '.join(_SAID)}: share whose image shows what its caption says, by"
            " classifiers of real images; both: colour and ground."
        ),
    )


MEASURE = Measure(
    compare,
    {"both": "more", "colour": "more", "ground": "more", "shape": "more"},
    fields={"image": Image, "text": Tokens},
)
