"""How near restyled images come to the content of one image and the style of another, as an encoder sees them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.pixels import pixels
from saddlepoint.losses.perceptual import content_distance, restyled, statistics, statistics_distance
from saddlepoint.metrics.proofs.base import Measure, Table

_CASES = 200


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Distance of content and style, and their weighted sum, which is what the decoder learnt to make small."""
    _, held_out = dataset.split(model.facts["data"]["held_out"])
    labels = dataset.fields["label"][held_out]
    contents, styles = (held_out[labels == kind][:_CASES] for kind in (0, 1))
    styles = numpy_generator(seed, "restyling").choice(styles, len(contents))
    content, style = (pixels(torch.from_numpy(dataset.images[rows])) for rows in (contents, styles))
    encoder: Any = model.nets.get_submodule("encoder")
    weight = float(getattr(model.method, "style_weight", 10.0))

    @torch.no_grad()
    def row(kind: str, name: str, images: Tensor) -> dict[str, Any]:
        maps, like = encoder(images), encoder(style)
        aim = restyled(encoder(content)[-1], *statistics(like[-1]))
        far, apart = float(content_distance(maps[-1:], [aim])), float(statistics_distance(maps, like))
        return {"kind": kind, "name": name, "together": far + weight * apart, "content": far, "style": apart}

    (own_mean, own_deviation), (mean, deviation) = statistics(content), statistics(style)
    coloured = ((content - own_mean) / own_deviation * deviation + mean).clamp(-1, 1)
    naive = [
        row("other", "naive: the content itself", content),
        row("other", "naive: the content in the colours of the style", coloured),
        row("other", "naive: the style itself", style),
    ]
    best = min(naive, key=lambda line: float(line["together"]))
    best["kind"] = "baseline"
    return Table(
        rows=(row("generated", model.name, model.translate(content, "a", reference=style)), *naive),
        protocol=(
            f"{len(contents)} held-out images in the style of one other each. content: mean squared difference of the"
            " encoder's last maps to those that have the style's means and deviations. style: the same of means and"
            f" deviations, summed over four layers. together: content and {weight:g} times style. The baseline is the"
            f" best of the naive maps: {best['name']}."
        ),
    )


MEASURE = Measure(
    compare,
    {"together": "less", "content": "less", "style": "less"},
    fields={"image": Image, "label": Label},
)
