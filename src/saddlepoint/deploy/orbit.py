"""The cameras once around what a model renders, from higher, lower, nearer or farther: for command line and service."""

from __future__ import annotations

from torch import Tensor, nn

from saddlepoint.kinds.camera_orbit import centre_of, moved
from saddlepoint.methods.tasks import Task

_AROUND = 7  # views of an orbit whose axes meet in its centre


def displaced(task: Task, nets: nn.Module, cameras: Tensor, lift: float, nearer: float) -> Tensor:
    """Cameras of the orbit of a task that renders, moved about its centre.  [n, 22] -> [n, 22]

    lift: degrees above where each stands. nearer: how many times nearer. Raises ShapeError for an orbit without a
    centre, which looks straight down.
    """
    if not lift and nearer == 1:
        return cameras
    return moved(cameras, centre_of(task.examples(nets, _AROUND, 0)["camera"]), lift, nearer)
