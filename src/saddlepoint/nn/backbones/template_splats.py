"""GGHead's generator: attributes of splats as a picture, which is read on a template. Kirschstein et al. 2024.

arXiv:2406.09377, section 3; github.com/tobias-kirschstein/gghead, gghead_model.py. The template is a sphere here, which
their code has as well; its rows are equally high, so that all splats begin with equal shares of its surface.
"""

from __future__ import annotations

import math
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.kinds.camera import pose_of
from saddlepoint.kinds.splats import C0, GEOMETRY
from saddlepoint.nn.backbones.style_mapping import StyleMapping
from saddlepoint.nn.backbones.stylegan2 import StyleGAN2Synthesis, widths
from saddlepoint.nn.kernels.harmonics import harmonics
from saddlepoint.nn.kernels.splat import draw, project

_PAD = 0.001  # by which opacities and colours may leave their range
_RADIUS = 0.5  # of the sphere, in half sides of the cube
_REACH = 0.25  # farthest from the template along each axis, in half sides of the cube
_LARGEST, _START = -3.0, -5.0  # logarithms of scale: the most that there is, and the offset of what is predicted
_OTHERS = 10  # numbers of a splat before its colour: place, scale, axis and angle, opacity


def sphere(side: int) -> tuple[Tensor, Tensor]:
    """Where splats begin, and where they read the picture of attributes in [-1, 1].  [side^2, 3], [side, side, 2]"""
    line = (torch.arange(side) + 0.5) / side
    v, u = torch.meshgrid(line, line, indexing="ij")
    height, turn = 1 - 2 * v, 2 * math.pi * u
    wide = (1 - height**2).sqrt()
    place = torch.stack((wide * turn.cos(), wide * turn.sin(), height), -1) * _RADIUS
    return place.view(-1, 3), torch.stack((u, v), -1) * 2 - 1


def as_quaternion(turn: Tensor) -> Tensor:
    """Axes times angles in radians as quaternions w x y z.  [..., 3] -> [..., 4]"""
    half = (turn.square().sum(-1, keepdim=True) + 1e-12).sqrt() / 2
    return torch.cat((half.cos(), turn * (half.sin() / (2 * half))), -1)


@final
class TemplateSplats(nn.Module):
    """Latents [N, latent] and cameras [N, 22] -> pictures of the size that the cameras say, drawn from splats.

    plane: side of the picture of attributes. splats: of the grid at which it is read, so there are as many squared.
    degree: of the colours' harmonics, 0 or more. base, most: channels of the backbone, see `stylegan2.widths`.
    """

    def __init__(
        self,
        latent: int,
        style: int,
        *,
        plane: int,
        splats: int,
        degree: int,
        base: int,
        most: int,
        layers: int,
    ) -> None:
        super().__init__()
        self.splats, self.degree = splats, degree
        self.mapping = StyleMapping(latent, style, layers)
        channels = _OTHERS + 3 * (degree + 1) ** 2
        self.backbone = StyleGAN2Synthesis(style, channels, widths(plane, base, most))
        self.offset = nn.Conv2d(3, 3, 1)
        nn.init.zeros_(self.offset.weight)
        nn.init.zeros_(self.offset.bias)  # type: ignore[arg-type]

    def raw(self, latents: Tensor, side: int) -> Tensor:
        """What is predicted for side^2 splats.  [N, side^2, channels]"""
        style = self.mapping(latents)
        maps: Tensor = self.backbone(style[:, None].expand(-1, self.backbone.styles, -1))
        maps = torch.cat((self.offset(maps[:, :3]), maps[:, 3:]), 1)
        grid = sphere(side)[1].to(maps)
        return F.grid_sample(maps, grid.expand(len(maps), -1, -1, -1), align_corners=False).flatten(2).mT

    def scene(self, raw: Tensor, around: Any) -> Tensor:
        """Splats in the numbers of `kinds.splats`, of what is predicted for them.  [N, side^2, 11 + 3 (degree + 1)^2]

        With another number than in training they are as much smaller or larger, so that they cover as much.
        """
        side = math.isqrt(raw.shape[1])
        move, size, turn, opacity, colour = raw.split((3, 3, 3, 1, raw.shape[2] - _OTHERS), 2)
        place = sphere(side)[0].to(raw) + _REACH * move.tanh()
        scale = _LARGEST - F.softplus(-(size + _START) + _LARGEST) + math.log(self.splats / side)
        colour = colour.tanh() * ((1 + _PAD) * 0.5 / C0)
        place, scale = around.centre + place * around.radius, scale + around.radius.log()
        return torch.cat((place, scale, as_quaternion(turn), opacity, colour), 2)

    def forward(self, latents: Tensor, camera: Tensor, around: Any, chance: Tensor | None = None) -> dict[str, Tensor]:
        """Gives "image" in [-1, 1], "depth", "opacity" [N, 1, H, W], and what is predicted, "raw". chance: unused."""
        raw = self.raw(latents, self.splats).float()
        views = [self._drawn(scene, one, around) for scene, one in zip(self.scene(raw, around), camera)]
        image, opacity, depth = (torch.stack(parts) for parts in zip(*views))
        return {"image": image * 2 - 1, "depth": depth[:, None], "opacity": opacity[:, None], "raw": raw}

    def _drawn(self, scene: Tensor, camera: Tensor, around: Any) -> tuple[Tensor, Tensor, Tensor]:
        place, scale, turn, opacity, colour = scene.split((3, 3, 4, 1, scene.shape[1] - GEOMETRY), 1)
        pose, lens = pose_of(camera), camera[16:]
        ahead = F.normalize(place.detach() - pose[:3, 3], dim=1)
        shade = (harmonics(ahead, self.degree)[..., None] * colour.unflatten(1, (-1, 3))).sum(1) + 0.5
        width, height = (int(size) for size in lens[4:].tolist())
        hidden = (opacity[:, 0].sigmoid() * (1 + 2 * _PAD) - _PAD).clamp(0, 1)
        flat = project(place, scale.exp(), turn, pose, lens)
        return draw(flat, shade.clamp_min(0), hidden, around.behind, height, width)
