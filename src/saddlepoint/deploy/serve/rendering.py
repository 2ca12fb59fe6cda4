"""Views of a scene from cameras once around it or from a client's own: what a request means, and what a batch does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from saddlepoint.deploy.orbit import displaced
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.deploy.serve.schemas import CameraEntry, RenderAsk
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.errors import SaddlepointError
from saddlepoint.kinds.camera import NUMBERS, camera_of
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.methods.abilities import AS_TRAINED

TOGETHER = 4
"""views that one request asks for at once: each may take a second, in which others wait"""
_LEAST_ROTATION = 1e-3  # how far a pose may be from a rotation, in any number of R^T R


def check(served: Served, ask: RenderAsk) -> None:
    """Raises Refusal (422), before anything is built, for what is no camera or an output that the model lacks."""
    gives = served.own["render"].gives
    if ask.output not in gives:
        text = f"{served.full_name} draws no {ask.output} of a view."
        raise Refusal(422, "output", text, f"it draws {', '.join(gives)}")
    if ask.time is not None and "time" not in served.own["render"].takes:
        raise Refusal(422, "time", f"{served.full_name} does not move.", "leave out `time`")
    if ask.cameras is None:
        missing = [number for number in ask.views or () if number >= ask.orbit]
        if missing:
            text = f"an orbit of {ask.orbit} views has no view {missing[0]}."
            raise Refusal(422, "view", text, f"its views are 0 to {ask.orbit - 1}")
        return
    if ask.views is not None or ask.lift or ask.nearer != 1:
        text = "`views`, `lift` and `nearer` are of an orbit, and `cameras` stand in its place."
        raise Refusal(422, "view", text, "give one or the other")
    if len({(one.width, one.height) for one in ask.cameras}) > 1:
        raise Refusal(422, "camera", "the cameras differ in size.", "give cameras of one width and height")
    for number, one in enumerate(ask.cameras):
        if not _is_pose(one):
            text = f"camera_to_world of camera {number} is not a rotation and a place."
            raise Refusal(422, "camera", text, "its last row is 0 0 0 1, its first three columns are orthonormal")


def size(served: Served, ask: RenderAsk) -> int:
    """Pixels of all views together."""
    if ask.cameras is not None:
        return sum(one.width * one.height for one in ask.cameras)
    height, width = served.model.spec.shape[1:]
    return len(numbers(ask)) * height * width


@torch.no_grad()
def cameras(served: Served, ask: RenderAsk) -> list[Tensor]:
    """A camera for each view, [22] each; of a scene that moves the moment stands behind it, [23]."""
    task = served.own["render"]
    count = ask.orbit if ask.cameras is None else len(ask.cameras)
    fields = task.examples(served.model.nets, count, 0)
    cameras = fields["camera"] if ask.cameras is None else torch.stack([_tensor(one) for one in ask.cameras])
    cameras = displaced(task, served.model.nets, cameras, ask.lift, ask.nearer)
    if "time" in fields:
        time = fields["time"] if ask.time is None else torch.full_like(fields["time"], ask.time)
        cameras = torch.cat((cameras, time.to(cameras)[:, None]), 1)
    return [cameras[number] for number in (numbers(ask) if ask.cameras is None else range(count))]


def rows(ask: RenderAsk) -> list[dict[str, Any]]:
    """The settings of each view."""
    output: dict[str, Any] = {} if ask.output == "image" else {"output": ask.output}
    output |= {} if ask.time is None else {"time": ask.time}
    if ask.cameras is not None:
        return [{"camera": one.model_dump(), **output} for one in ask.cameras]
    off = {name: value for name, value, usual in (("lift", ask.lift, 0), ("nearer", ask.nearer, 1)) if value != usual}
    return [{"orbit": ask.orbit, "view": number, **off, **output} for number in numbers(ask)]


def numbers(ask: RenderAsk) -> Sequence[int]:
    """Which views of the orbit are asked for."""
    return range(ask.orbit) if ask.views is None else ask.views


def drawn(served: Served, output: str, views: Sequence[Tensor]) -> list[Tensor | SaddlepointError]:
    """An output for each camera: a view or its opacity (0 to 255) as uint8 [C, H, W], depth as float32 [1, H, W].

    A camera that cannot be drawn has its error, so that others of the same batch are not refused with it.
    """
    return [_one(served, output, camera) for camera in views]


def _one(served: Served, output: str, camera: Tensor) -> Tensor | SaddlepointError:
    fields = {"camera": camera[None, :NUMBERS].to(served.model.device)}
    if "time" in served.own["render"].takes:
        fields["time"] = camera[NUMBERS:].to(served.model.device)
    try:
        value = served.own["render"].call(served.model.nets, fields, AS_TRAINED)[output]
    except SaddlepointError as error:
        return error
    return finished(output, value[0])


def finished(output: str, value: Tensor) -> Tensor:
    """An output of one view as it is packed: depth as float32, all else as uint8.  [C, H, W]"""
    if output == "depth":
        return value.float().cpu()
    return to_uint8((value if output == "image" else 2 * value - 1)[None])[0]


def _tensor(one: CameraEntry) -> Tensor:
    lens = (one.fx, one.fy, one.cx, one.cy, one.width, one.height)
    return camera_of(torch.tensor(one.camera_to_world, dtype=torch.float64), *map(float, lens))


def _is_pose(one: CameraEntry) -> bool:
    pose = torch.tensor(one.camera_to_world, dtype=torch.float64)
    rotation = pose[:3, :3]
    off = (rotation.T @ rotation - torch.eye(3, dtype=torch.float64)).abs().max()
    last = (pose[3] - torch.tensor([0.0, 0.0, 0.0, 1.0], dtype=torch.float64)).abs().max()
    return bool(off < _LEAST_ROTATION and last < _LEAST_ROTATION and torch.linalg.det(rotation) > 0)
