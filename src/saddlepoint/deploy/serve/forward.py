"""What the batches do: items of one kind in, a result for each out, in the one thread of a model."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import torch

from saddlepoint.deploy.serve import predicting, rendering
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.latent.codes import joined
from saddlepoint.latent.decode_codes import stream
from saddlepoint.methods.abilities import Samples, Translates, TranslatesLike, by_label


@torch.no_grad()
def forward(served: Served, kind: Hashable, items: list[Any]) -> Sequence[Any]:
    """What a batch of one kind becomes: images of codes and of cameras as uint8, translated windows as float32,
    [C, H, W] each; of images that are to be judged what is said of each, by name.
    """
    model, method = served.model, served.model.method
    match kind:
        case ("sample", float(truncation)):
            assert isinstance(method, Samples)
            code = joined(items)
            return to_uint8(
                method.generate(model.nets, code.values, by_label(code.label, truncation=truncation))
            ).unbind()
        case ("code", _, float(truncation), _):
            return to_uint8(next(stream(model, joined(items), truncation=truncation, batch=len(items)))).unbind()
        case ("translate", str(origin), int(seed)):
            assert isinstance(method, Translates)
            windows = torch.stack(items).to(model.device)
            return method.translate(model.nets, windows, origin, seed).float().cpu().unbind()
        case ("like", str(origin)):
            assert isinstance(method, TranslatesLike)
            windows, references = (torch.stack(part).to(model.device) for part in zip(*items))
            return method.translate_like(model.nets, windows, references, origin).float().cpu().unbind()
        case ("render",):
            return rendering.drawn(served, items)
        case ("predict",):
            return predicting.predictions(served, items)
    raise AssertionError(kind)
