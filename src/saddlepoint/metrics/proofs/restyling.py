"""How near restyled images come to the style of one image, and how much of the structure of another they keep."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.world.styles import both
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import pixels
from saddlepoint.losses.perceptual import statistics, statistics_distance
from saddlepoint.metrics.proofs.base import Measure, Table

_CASES = 200


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Distance of style, and what is left of the structure of the content. Data: world:styles."""
    _, held_out = dataset.split(model.facts["data"]["held_out"])
    labels = dataset.fields["label"][held_out]
    contents, styles = (held_out[labels == kind][:_CASES] for kind in (0, 1))
    styles = numpy_generator(seed, "restyling").choice(styles, len(contents))
    content, style = (pixels(torch.from_numpy(dataset.images[rows])) for rows in (contents, styles))
    drawn = both(contents, dataset.images.shape[-1])[:, 1]
    encoder: Any = model.nets.get_submodule("encoder")

    @torch.no_grad()
    def row(kind: str, name: str, images: Tensor) -> dict[str, Any]:
        apart = float(statistics_distance(encoder(images), encoder(style)))
        structure = float((_edges(images) - _edges(content)).abs().mean())
        return {"kind": kind, "name": name, "style": apart, "structure": structure}

    (own_mean, own_deviation), (mean, deviation) = statistics(content), statistics(style)
    coloured = ((content - own_mean) / own_deviation * deviation + mean).clamp(-1, 1)
    return Table(
        rows=(
            row("generated", model.name, model.translate(content, "a", reference=style)),
            row("baseline", "the content in the colours of the style", coloured),
            row("other", "naive: the content itself", content),
            row("other", "naive: the style itself", style),
            row("other", "the true drawing of the content", pixels(torch.from_numpy(drawn))),
        ),
        protocol=(
            f"{len(contents)} held-out images in the style of one other each. style: mean squared difference of means"
            " and deviations of maps, summed over the stages of the method's encoder. structure: mean absolute"
            " difference of how steep each place is to the content's, each with mean 0 and deviation 1. The style"
            " itself has no distance of style and none of the structure; the baseline is the best map that keeps the"
            " structure: each channel with the style's mean and deviation. The true drawing is of the content, in"
            " another style than the one that is asked for."
        ),
    )


MEASURE = Measure(compare, {"style": "less", "structure": "less"}, fields={"image": Image, "label": Label})


def _edges(images: Tensor) -> Tensor:
    """How steep each place is, all channels together, with mean 0 and deviation 1: it is alike where a light shape on
    dark ground becomes a dark one on light ground.  [N, 1, H, W]
    """
    wide = F.pad(images.float(), (1, 1, 1, 1), mode="replicate")
    across = wide[..., 1:-1, 2:] - wide[..., 1:-1, :-2]
    down = wide[..., 2:, 1:-1] - wide[..., :-2, 1:-1]
    steep = (across.square() + down.square()).sum(1, keepdim=True).sqrt()
    mean, deviation = statistics(steep)
    return (steep - mean) / deviation
