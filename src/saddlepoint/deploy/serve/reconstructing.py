"""A scene of given photographs, seen from cameras once around it: what a request means, and what a batch does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from saddlepoint.deploy.orbit import displaced
from saddlepoint.deploy.photographs import photograph, scene_fields
from saddlepoint.deploy.serve import rendering
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.deploy.serve.schemas import ReconstructSettings
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.errors import ConfigError, SaddlepointError
from saddlepoint.kinds.expression import Expression
from saddlepoint.kinds.views import Views
from saddlepoint.methods.abilities import AS_TRAINED

Item = tuple[Tensor, dict[str, Tensor]]
"""a camera [22], and what the scene is made of; views of one scene share it"""


def check(served: Served, ask: ReconstructSettings) -> None:
    """Raises Refusal (422), before an upload is decoded, for too few or too many photographs and for what the model
    does not draw."""
    task = served.own["render"]
    kind = _kind(served)
    if len(ask.photographs) != kind.count:
        many = f"{kind.count} photograph{'s' * (kind.count > 1)}"
        text = f"{served.full_name} makes a scene of {many}, and {len(ask.photographs)} came."
        raise Refusal(422, "photographs", text, "send them as image, image_2 and so on, taken once around the thing")
    if ask.output not in task.gives:
        text = f"{served.full_name} draws no {ask.output} of a view."
        raise Refusal(422, "output", text, f"it draws {', '.join(task.gives)}")
    if ask.view is not None and ask.view >= ask.orbit:
        text = f"an orbit of {ask.orbit} views has no view {ask.view}."
        raise Refusal(422, "view", text, f"its views are 0 to {ask.orbit - 1}")
    takes = [one for one in task.takes.values() if isinstance(one, Expression)]
    if ask.expression is not None and not takes:
        raise Refusal(422, "expression", f"{served.full_name} takes no expression.", "leave `expression` out")
    try:
        _ = [one.parse(ask.expression) for one in takes if ask.expression is not None]
    except ConfigError as error:
        raise Refusal(422, "expression", str(error)[:400], f"it is {takes[0]}") from error


def size(served: Served, ask: ReconstructSettings) -> int:
    """Pixels of all views together."""
    kind = _kind(served)
    return len(numbers(ask)) * kind.height * kind.width


def numbers(ask: ReconstructSettings) -> Sequence[int]:
    """Which views of the orbit are asked for."""
    return range(ask.orbit) if ask.view is None else (ask.view,)


@torch.no_grad()
def items(served: Served, pictures: Sequence[Image.Image], ask: ReconstructSettings) -> list[Item]:
    """One for each view."""
    model, task = served.model, served.own["render"]
    views = torch.stack([photograph(model, _kind(served), picture) for picture in pictures])
    scene = scene_fields(model, task, views, ask.expression)
    method: Any = model.method
    cameras = displaced(task, model.nets, method.views(model.nets, ask.orbit), ask.lift, ask.nearer)
    return [(cameras[number], scene) for number in numbers(ask)]


@torch.no_grad()
def example(served: Served) -> list[Item]:
    """A view of photographs of nothing."""
    fields = served.own["render"].examples(served.model.nets, 1, 0)
    return [(fields.pop("camera")[0], fields)]


def rows(ask: ReconstructSettings) -> list[dict[str, Any]]:
    """The settings of each view."""
    return [{**ask.settings(), "view": number} for number in numbers(ask)]


def drawn(served: Served, output: str, batch: Sequence[Item]) -> list[Tensor | SaddlepointError]:
    """An output for each view as `rendering.drawn` has them; a scene is made once for neighbours of one request.

    Those of a scene that cannot be drawn have its error, so that others of the same batch are not refused with it.
    """
    task, device = served.own["render"], served.model.device
    outputs: list[Tensor | SaddlepointError] = []
    for _, group in groupby(batch, lambda item: id(item[1])):
        cameras, scenes = zip(*group)
        fields = {name: values.expand(len(cameras), *values.shape[1:]) for name, values in scenes[0].items()}
        fields["camera"] = torch.stack(cameras)
        try:
            values = task.call(served.model.nets, {name: each.to(device) for name, each in fields.items()}, AS_TRAINED)
            outputs += [rendering.finished(output, one) for one in values[output]]
        except SaddlepointError as error:
            outputs += [error] * len(cameras)
    return outputs


def _kind(served: Served) -> Views:
    kind = served.own["render"].takes["views"]
    assert isinstance(kind, Views)
    return kind
