"""What the batches do: items of one kind in, a result for each out, in the one thread of a model."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import torch

from saddlepoint.deploy.serve import completing, predicting, reconstructing, rendering, scoring
from saddlepoint.deploy.serve.making import conditions
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.latent.codes import joined
from saddlepoint.latent.decode_codes import stream
from saddlepoint.methods.abilities import by_label


@torch.no_grad()
def forward(served: Served, kind: Hashable, items: list[Any]) -> Sequence[Any]:
    """What a batch of one kind becomes: images of codes and of cameras as uint8, translated windows as float32,
    [C, H, W] each; depth, opacity and what is no image as float32; of images to be judged the predictions or scores.
    """
    model = served.model
    method: Any = model.method
    match kind:
        case ("sample", float(truncation), tuple(given)):
            code = joined(items)
            how = by_label(code.label, truncation=truncation)
            values = {
                name: value.expand(len(items), *value.shape).to(model.device)
                for name, value in conditions(served, dict(given)).items()
            }
            examples = method.generate(model.nets, code.values, replace(how, given={**how.given, **values}))
            return (to_uint8(examples) if isinstance(model.spec.main, Image) else examples.float().cpu()).unbind()
        case ("code", _, float(truncation), _):
            return to_uint8(next(stream(model, joined(items), truncation=truncation, batch=len(items)))).unbind()
        case ("translate", str(origin), int(seed)):
            windows = torch.stack(items).to(model.device)
            return tuple(method.translate(model.nets, windows, origin, seed).float().cpu())
        case ("like", str(origin)):
            windows, references = (torch.stack(part).to(model.device) for part in zip(*items))
            return tuple(method.translate_like(model.nets, windows, references, origin).float().cpu())
        case ("render", str(output)):
            return rendering.drawn(served, output, items)
        case ("reconstruct", str(output)):
            return reconstructing.drawn(served, output, items)
        case ("complete", float(temperature)):
            return completing.completed(served, temperature, items)
        case ("predict",):
            return predicting.predictions(served, items)
        case ("score",):
            return scoring.scores(served, items)
    raise AssertionError(kind)
