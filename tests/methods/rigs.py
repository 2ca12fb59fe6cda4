"""Cameras around things, for tests of methods that make scenes of views."""

from typing import Any

import torch
from drive import HandDraw
from torch import Tensor

from saddlepoint.data.batches import Batch, DataSpec
from saddlepoint.kinds.camera import orbit, pose_of
from saddlepoint.kinds.rig import Rig
from saddlepoint.kinds.views import Views
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.base import Clock, Method, Networks, Update


def spec(views: int, side: int) -> DataSpec:
    """Sets of colour views with their cameras."""
    return DataSpec({"views": Views(views, 3, side, side), "rig": Rig(views)})


def around(views: int, side: int, distance: float = 4.0) -> Tensor:
    """Cameras evenly around the origin.  [1, views, 22]"""
    turn = torch.arange(views) / views * 2 * torch.pi
    return orbit(turn, torch.full((views,), 0.4), distance, 1.5 * side, side)[None]


def moved(rig: Tensor) -> Tensor:
    """All cameras turned and moved as one rigid body."""
    turned, _ = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(1)))
    motion = torch.eye(4)
    motion[:3, :3] = turned * torch.linalg.det(turned)
    motion[:3, 3] = torch.tensor([0.7, -1.2, 0.4])
    return torch.cat(((motion @ pose_of(rig)).flatten(-2), rig[..., 16:]), -1)


def first_update(method: Method, nets: Networks, batch: Batch) -> Update:
    """The first move of a step on this batch."""
    update = next(method.train_step(nets, HandDraw(batch), Clock()))
    assert isinstance(update, Update)
    return update


@torch.no_grad()
def check_rigid_motion(method: Any, nets: Networks, side: int, **more: Tensor) -> None:
    """What a camera sees of given views is the same when all cameras are moved as one."""
    nets.eval()
    rig = around(method.inputs + 1, side)
    views = torch.rand(1, method.inputs, 3, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1
    pictures = []
    for cameras in (rig, moved(rig)):
        fields = {"views": views, "rig": cameras[:, :-1], "camera": cameras[:, -1], **more}
        pictures.append(rendered(method, nets, fields))
    assert (pictures[0] - pictures[1]).abs().max() < 1e-3
    assert pictures[0].std() > 1e-4, "nothing is seen"


def rendered(method: Any, nets: Networks, fields: dict[str, Tensor]) -> Tensor:
    """The image of cameras."""
    given = {name: values for name, values in fields.items() if name != "camera"}
    image: Tensor = method.render(nets, fields["camera"], Sampling(given))["image"]
    return image
