"""What a model says of a given image: classes with their probabilities, numbers, and pictures such as masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from saddlepoint.deploy.serve.making import Made
from saddlepoint.deploy.serve.packing import Parcel, described, file_of
from saddlepoint.deploy.serve.replies import ClassShare, Prediction, Predictions
from saddlepoint.deploy.serve.schemas import Ask
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.methods.abilities import AS_TRAINED
from saddlepoint.methods.tasks import knows
from saddlepoint.report.attention import over_images

ATTENTION = "attention"
MOST_CLASSES = 100
"""classes that an answer lists, the likeliest first"""


def predictions(served: Served, images: Sequence[Tensor]) -> list[dict[str, Tensor]]:
    """The predictions for each image [C, H, W], by name on the CPU; and the image, bright where it was attended to."""
    task, (word,) = served.own["predict"], served.own["predict"].takes
    method: Any = served.model.method
    nets = served.model.nets
    batch = torch.stack(list(images)).to(served.model.device)
    values = {name: each.float().cpu() for name, each in task.call(nets, {word: batch}, AS_TRAINED).items()}
    if knows(method, "attend"):
        values[ATTENTION] = over_images(batch, method.attended(nets, batch))
    return [{name: each[row] for name, each in values.items()} for row in range(len(images))]


def parcel(served: Served, values: Mapping[str, Tensor], remarks: Sequence[str]) -> Parcel:
    """The predictions for one image as JSON; pictures in it carry their disclosure."""
    gives = dict(served.own["predict"].gives)
    if ATTENTION in values:
        gives[ATTENTION] = Image(*values[ATTENTION].shape)
    predictions = [_prediction(served, name, kind, values[name]) for name, kind in gives.items()]
    version = served.model.version
    answer = Predictions(model=served.full_name, version=version, predictions=predictions, remarks=list(remarks))
    return Parcel(answer.model_dump_json().encode(), "application/json", served.headers)


def _prediction(served: Served, name: str, kind: Kind, value: Tensor) -> Prediction:
    if isinstance(kind, Probabilities):
        order = value.argsort(descending=True)[:MOST_CLASSES].tolist()
        shares = [ClassShare(name=kind.names[place], probability=float(value[place])) for place in order]
        return Prediction(name=name, what=str(kind), classes=shares)
    if not kind.shape:
        return Prediction(name=name, what=str(kind), value=float(value))
    picture = kind.drawing(value)
    ask, result = Ask(), Made(picture, "modified", {"prediction": name})
    what = "where the model looked, by its attention over all layers: bright" if name == ATTENTION else str(kind)
    return Prediction(name=name, what=what, picture=described(result, file_of(served, ask, result), ask))
