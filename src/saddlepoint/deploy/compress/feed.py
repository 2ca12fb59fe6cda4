"""What the parts of a model are given while it is compressed: latents of its own, and images that it was trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.loader import Loader
from saddlepoint.deploy.parts import Part
from saddlepoint.keyed import key, numpy_generator

_LOOKED = 2_000  # rows whose images are kept in memory


@dataclass(frozen=True, eq=False)
class Feed:
    """Inputs for parts.

    images: [n, C, H, W] in [-1, 1] by the field of the batches, of rows that were trained on; unseen: of others.
    """

    images: dict[str, Tensor]
    unseen: dict[str, Tensor]

    @classmethod
    def of(cls, model: Model, dataset: Dataset, held_out: float | None) -> Feed:
        """From the images that the model was trained on; held-out ones where there are any."""
        train, rest = dataset.split(held_out)
        sets = [_look(model, dataset, rows) for rows in (train, rest if len(rest) >= 2 else train)]
        return cls(*sets)

    def inputs(self, part: Part, n: int, *seed: object) -> tuple[Tensor, ...]:
        """`n` examples for one part, from rows that were trained on, or from latents drawn by the seed."""
        if "images" not in part.inputs:
            return part.random_inputs(n, key("compressed", *seed))
        own = _field(part, self.images)
        chosen = numpy_generator("compressed", *seed).choice(len(own), n, replace=len(own) < n)
        return (own[torch.from_numpy(chosen)],)

    def to_judge(self, part: Part, n: int) -> tuple[Tensor, ...]:
        """Inputs that a part is judged by: at most `n`, of images that were held out where there are such."""
        if "images" not in part.inputs:
            return part.random_inputs(n, 0)
        return (_field(part, self.unseen)[:n],)


def makes_images(part: Part) -> bool:
    """Whether what a part gives is looked at: it is judged, and the others go along."""
    return part.output[0] in ("images", "translated")


def _look(model: Model, dataset: Dataset, rows: np.ndarray) -> dict[str, Tensor]:
    chosen = np.sort(numpy_generator("compressed", len(rows)).permutation(rows)[:_LOOKED])
    loader = Loader(dataset, model.method.takes, rows, seed=0)
    fields = loader.look(chosen, augmented=False).tensors()
    return {name: value for name, value in fields.items() if value.dim() == 4}


def _field(part: Part, images: dict[str, Tensor]) -> Tensor:
    """The images of the kind that a translation starts from; of other parts the first there are."""
    words = part.name.split("-")
    return images[words[1]] if words[0] == "translate" and words[1] in images else next(iter(images.values()))
