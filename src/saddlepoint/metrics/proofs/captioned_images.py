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
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.abilities import Sampling
from saddlepoint.metrics.extractors.classifier import train_classifier
from saddlepoint.metrics.extractors.features import features
from saddlepoint.metrics.proofs.base import Measure, Table

_MOST = 600
_SAID = ("colour", "ground", "shape")


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """The share of held-out captions whose colour and ground, and whose shape, their images show.

    The baseline is real images with the captions of others, which are right by chance. Beside it the R-precision of
    AttnGAN (Xu et al. 2018, arXiv:1711.10485, section 4) among 10 captions: the share of images whose own caption fits
    them better than 9 of other images that say something else, as the model's own encoders have it.
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
    with torch.no_grad():  # and not around the classifiers, which learn here
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
            **{sort: float(values.mean()) for sort, values in right.items()},
            "r_precision": r_precision(_resemblance(model, shown, text), text.cpu(), seed),
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
            " classifiers of real images; both: colour and ground. r_precision: share of images whose caption fits them"
            " better than 9 others, by the model's own encoders."
        ),
    )


@torch.no_grad()
def _resemblance(model: Model, shown: np.ndarray, text: Tensor) -> Tensor:
    """How well each image, uint8, fits each caption, on the CPU.  [N, N]"""
    method: Any = model.method
    images = (pixels(torch.from_numpy(shown[start : start + 100])) for start in range(0, len(shown), 100))
    return torch.cat([method.resemblance(model.nets, part.to(model.device), text).cpu() for part in images])


def r_precision(resemblance: Tensor, text: Tensor, seed: int, among: int = 10) -> float:
    """The share of images whose own caption fits better than `among` - 1 captions of others, drawn by `seed`.

    resemblance: [N, N], of image i and caption j; those of i and i belong together. text: [N, L]; captions that are
    equal to an image's own are not drawn for it. An image with too few others has fewer.
    """
    order, hits = numpy_generator(seed, "wrong captions"), 0
    for number, row in enumerate(resemblance):
        other = np.flatnonzero((text != text[number]).any(1).numpy())
        wrong = order.choice(other, min(among - 1, len(other)), replace=False)
        hits += bool((row[number] > row[torch.from_numpy(wrong)]).all())
    return hits / len(resemblance)


MEASURE = Measure(
    compare,
    {"both": "more", "colour": "more", "ground": "more", "shape": "more", "r_precision": "more"},
    fields={"image": Image, "text": Tokens},
)
