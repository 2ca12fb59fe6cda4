"""Views of a scene from cameras once around it: what a request for them means, and what a batch does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.deploy.serve.schemas import RenderAsk
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.methods.abilities import AS_TRAINED

TOGETHER = 4
"""views that one request asks for at once: each may take a second, in which others wait"""


@torch.no_grad()
def cameras(served: Served, ask: RenderAsk) -> list[Tensor]:
    """A camera for each view, [22] each. Raises Refusal (422) for a view that the orbit does not have."""
    missing = [number for number in ask.views or () if number >= ask.orbit]
    if missing:
        text = f"an orbit of {ask.orbit} views has no view {missing[0]}."
        raise Refusal(422, "view", text, f"its views are 0 to {ask.orbit - 1}")
    around = served.own["render"].examples(served.model.nets, ask.orbit, 0)["camera"]
    return [around[number] for number in numbers(ask)]


def rows(ask: RenderAsk) -> list[dict[str, Any]]:
    """The settings of each view."""
    return [{"orbit": ask.orbit, "view": number} for number in numbers(ask)]


def numbers(ask: RenderAsk) -> Sequence[int]:
    """Which views of the orbit are asked for."""
    return range(ask.orbit) if ask.views is None else ask.views


def drawn(served: Served, views: Sequence[Tensor]) -> list[Tensor]:
    """A view for each camera, uint8 [C, H, W]."""
    task, nets = served.own["render"], served.model.nets
    one_by_one = (task.call(nets, {"camera": camera[None].to(served.model.device)}, AS_TRAINED) for camera in views)
    return [to_uint8(outputs["image"])[0] for outputs in one_by_one]
