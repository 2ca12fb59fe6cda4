"""Decodes latent codes into images, a batch at a time, on the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.kinds.pictures import Pictures
from saddlepoint.latent.codes import Code, decode
from saddlepoint.methods.abilities import TruncateBy, by_label
from saddlepoint.methods.tasks import knows


def images_of(
    model: Model, code: Code, *, truncation: float = 1.0, truncate_by: TruncateBy = "resample", batch: int = 64
) -> Tensor:
    """The images of a code, [n, C, H, W] in [-1, 1] on the CPU; a notebook shows them as a grid.

    truncation, truncate_by: of latents (z), see `Sampling`; codes of styles are taken as they are, see `styled`. Codes
    without noise maps of their own take those that are the same for all images, so that from one image to the next the
    code alone changes.
    """
    batches = stream(model, code, truncation=truncation, truncate_by=truncate_by, batch=batch)
    return torch.cat(list(batches)).as_subclass(Pictures)


@torch.no_grad()
def stream(
    model: Model, code: Code, *, truncation: float = 1.0, truncate_by: TruncateBy = "resample", batch: int = 64
) -> Iterator[Tensor]:
    """The images of `images_of`, at most `batch` at a time."""
    method: Any = model.method
    for start in range(0, len(code), batch):
        part = code.at(slice(start, start + batch))
        if truncation == 1 or part.space != "z":
            images = decode(model, part)
        elif knows(method, "styles"):
            styles = method.styles(model.nets, part.values, by_label(part.label, truncation=truncation))
            images = method.synthesise(model.nets, styles, part.noise)
        else:
            how = by_label(part.label, truncation=truncation, truncate_by=truncate_by, noise="constant")
            images = method.generate(model.nets, part.values, how)
        yield images.float().clamp(-1, 1).cpu()


@torch.no_grad()
def styled(model: Model, code: Code, truncation: float = 1.0) -> Code:
    """Latents (z) as styles for each layer (w+), pulled to the average style where `truncation` is below 1."""
    method: Any = model.method
    styles = method.styles(model.nets, code.values, by_label(code.label, truncation=truncation))
    return Code("w+", styles, code.noise, code.label)
