"""A part of a given image kept, and the rest made: what a request for completions means, and what the batches do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from saddlepoint.data.sources.fit import square
from saddlepoint.deploy.serve import making
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.deploy.serve.schemas import CompleteSettings
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.latent.addresses import Address, latents_of
from saddlepoint.latent.codes import Code, joined
from saddlepoint.latent.load_image import as_trained, fit_of
from saddlepoint.methods.abilities import by_label

Item = tuple[Code, Tensor, Tensor]
"""a latent, the image [C, H, W] in [-1, 1], and where it is known, [1, H, W], 1 or 0"""


def items(served: Served, picture: Image.Image, drawn: Image.Image | None, ask: CompleteSettings) -> list[Item]:
    """One for each completion. drawn: white where the picture is known; without it, the half that `ask` names is.

    Raises Refusal (422) for a mask of another size, one that leaves nothing to make, and a class that is not there.
    """
    model = served.model
    image = as_trained(model, picture)
    if drawn is None:
        known: Tensor = served.own["complete"].takes["mask"].parse(ask.half)
    else:
        if drawn.size != picture.size:
            sizes = " and ".join(f"{one.width}x{one.height}" for one in (drawn, picture))
            raise Refusal(422, "mask", f"mask and image have {sizes} pixels.", "send a mask of the image's size")
        cut = square(drawn.convert("L"), model.spec.resolution, fit_of(model))[0]
        known = torch.from_numpy(np.array(cut) > 127).float()[None]
    if known.all():
        raise Refusal(422, "mask", "all of the image is known: nothing is left to make.", "make the hole black")
    places = [Address(ask.seed, row) for row in range(ask.n)]
    code = latents_of(model, places, making.labelled(served, ask.label))
    return [(code.at(slice(row, row + 1)), image, known) for row in range(ask.n)]


def rows(served: Served, ask: CompleteSettings) -> list[dict[str, Any]]:
    """What each completion depends on."""
    return [{**making.settings_of(served, ask), "row": row} for row in range(ask.n)]


def completed(served: Served, temperature: float, batch: Sequence[Item]) -> Sequence[Tensor]:
    """Completions as uint8 [C, H, W] each."""
    model, (codes, images, masks) = served.model, zip(*batch)
    code = joined(list(codes))
    known = {"image": torch.stack(images).to(model.device), "mask": torch.stack(masks).to(model.device)}
    how = by_label(code.label, temperature=temperature)
    method: Any = model.method
    examples = method.generate(model.nets, code.values, replace(how, given={**how.given, **known}))
    return to_uint8(examples).unbind()
