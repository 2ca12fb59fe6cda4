"""Where a scene lies, how cameras stand around it and what is behind it: measured from views before training."""

from __future__ import annotations

from typing import Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.kinds.camera import orbit, pose_of
from saddlepoint.nn.render.hull import background_of, sight

Background = Literal["border", "black", "white"]
"""what lies behind a scene: the colour of the views' borders where these agree, else black"""

_UPRIGHT = 0.95  # cosine of the angle between the cameras' mean upward axis and z from where on z it is


@final
class Surroundings(nn.Module):
    """Buffers, which `measure` sets.

    centre: [3], what all cameras look at. radius: half the width that they see there. extent: of the cameras' places,
    which scales rates. distance, lift: of the cameras, from the centre and above its horizon (radians). up: [3], the
    mean of the cameras' upward axes. lens: [6] of the first camera: fx, fy, cx, cy, width, height. behind: [3] in
    [0, 1], the background.
    """

    centre: Tensor
    radius: Tensor
    extent: Tensor
    distance: Tensor
    lift: Tensor
    up: Tensor
    lens: Tensor
    behind: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name, value in (("radius", 1.5), ("extent", 1.0), ("distance", 4.0), ("lift", 0.5)):
            self.register_buffer(name, torch.tensor(value))
        self.register_buffer("centre", torch.zeros(3))
        self.register_buffer("up", torch.tensor([0.0, 0.0, 1.0]))
        self.register_buffer("lens", torch.tensor([40.0, 40.0, 16.0, 16.0, 32.0, 32.0]))
        self.register_buffer("behind", torch.zeros(3))

    @torch.no_grad()
    def measure(self, images: Tensor, camera: Tensor, background: Background) -> bool:
        """Set all of it. images: [n, 3, H, W] in [0, 1]. camera: [n, 22]. Returns whether the background is known."""
        scene, border = sight(camera), background_of(images)
        pose = pose_of(camera)
        place = pose[:, :3, 3] - scene.centre
        distance = place.norm(dim=1)
        up = torch.nn.functional.normalize(-pose[:, :3, 1].mean(0), dim=0)
        self.centre.copy_(scene.centre)
        self.radius.fill_(scene.radius)
        self.extent.fill_(scene.extent)
        self.distance.copy_(distance.mean())
        upright = torch.tensor([0.0, 0.0, 1.0])
        self.up.copy_(up if float(up.norm()) > 0.5 and float(up @ upright) < _UPRIGHT else upright)
        self.lift.copy_(torch.asin(((place @ self.up) / distance.clamp_min(1e-6)).clamp(-1, 1)).mean())
        self.lens.copy_(camera[0, 16:])
        if background != "border":
            self.behind.fill_(float(background == "white"))
        elif border is not None:
            self.behind.copy_(border)
        else:
            self.behind.zero_()
        return background == "border" and border is not None

    def views(self, n: int) -> Tensor:
        """Cameras once around at the mean distance and lift of those that were measured.  [n, 22]"""
        turn = torch.arange(n) / n * 2 * torch.pi
        cameras = orbit(turn, self.lift.cpu().expand(n), float(self.distance), 1.0, 1)
        up = self.up.cpu()
        pole = torch.tensor([0.0, 0.0, 1.0])
        across = torch.linalg.cross(pole, up)
        turned = torch.eye(3)
        if float(across.norm()) > 1e-3:  # the world's upward axis is another one than z
            cosine = float(pole @ up)
            skew = torch.zeros(3, 3)
            skew[[2, 0, 1], [1, 2, 0]], skew[[1, 2, 0], [2, 0, 1]] = across, -across
            turned = torch.eye(3) + skew + skew @ skew / (1 + cosine)
        elif float(up[2]) < 0:
            turned = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
        pose = pose_of(cameras).clone()
        pose[:, :3] = turned @ pose[:, :3]
        pose[:, :3, 3] += self.centre.cpu()
        cameras[:, :16] = pose.flatten(1)
        cameras[:, 16:] = self.lens.cpu()
        return cameras
