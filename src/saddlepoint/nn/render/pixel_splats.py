"""Gaussians that lie on the rays of pixels: one for each pixel of some views, at a distance that a network states.

Xu et al. 2024, arXiv:2403.14621 (GRM), section 3.2; Ziwen et al. 2024, arXiv:2410.12781 (Long-LRM), section 3.3. Rays
as six numbers: Plücker 1865; d is the direction of unit length, and o x d is the same for every point o of a line.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.kinds.splats import C0
from saddlepoint.nn.kernels.harmonics import harmonics
from saddlepoint.nn.render.rays import pixel_centres, rays_through

NUMBERS = 12
"""of a pixel's splat between bounds: distance, scales, turn, opacity, colour"""
_SIZES = (0.2, 2.0)  # least and largest scale of a splat, in what a pixel covers
_FAINT = 2.0  # taken from the logits of opacity, so that a run begins with faint splats


@dataclass(frozen=True)
class PixelSplats:
    """Scenes of P splats each, or one of them, which has no first axis.

    place: [n, P, 3]. scale: [n, P, 3], more than 0. turn: [n, P, 4], w x y z of any length. opacity: [n, P] in (0, 1).
    tint: [n, P, (degree + 1)^2, 3], spherical harmonics of the colour; of degree 0 a colour c is (c - .5) / C0.
    """

    place: Tensor
    scale: Tensor
    turn: Tensor
    opacity: Tensor
    tint: Tensor

    @property
    def degree(self) -> int:
        """Of the harmonics."""
        return int(self.tint.shape[-2] ** 0.5) - 1

    def row(self, number: int) -> PixelSplats:
        """One scene."""
        return PixelSplats(*(each[number] for each in self._parts()))

    def kept(self, which: Tensor) -> PixelSplats:
        """As many of each scene, by their numbers [n, Q]."""
        row = torch.arange(len(which), device=which.device)[:, None]
        return PixelSplats(*(each[row, which] for each in self._parts()))

    def colour(self, pose: Tensor) -> Tensor:
        """Of one scene's splats, seen by a camera [4, 4].  [P, 3], at least 0"""
        if not self.degree:
            return (self.tint[:, 0] * C0 + 0.5).clamp_min(0)
        ahead = torch.nn.functional.normalize(self.place.detach() - pose[:3, 3], dim=1)
        return ((harmonics(ahead, self.degree)[..., None] * self.tint).sum(1) + 0.5).clamp_min(0)

    def stored(self) -> Tensor:
        """The numbers of `kinds.splats`.  [n, P, 11 + 3 (degree + 1)^2]"""
        turn = torch.nn.functional.normalize(self.turn, dim=2)
        opacity = self.opacity.clamp(1e-6, 1 - 1e-6).logit()[..., None]
        return torch.cat((self.place, self.scale.log(), turn, opacity, self.tint.flatten(2)), 2)

    def _parts(self) -> tuple[Tensor, ...]:
        return self.place, self.scale, self.turn, self.opacity, self.tint


def plucker(rig: Tensor) -> Tensor:
    """The rays through all pixels of cameras [n, k, 22] of one size: o x d, then d.  [n, k, 6, H, W]"""
    start, ahead = _rays(rig)
    rays = torch.cat((torch.linalg.cross(start, ahead), ahead), -1)
    return rays.movedim(-1, 2)


def on_rays(rig: Tensor, distance: Tensor) -> Tensor:
    """Places at a distance [n, k, H, W] along the rays through pixels, from each camera.  [n, k, H, W, 3]"""
    start, ahead = _rays(rig)
    return start + ahead * distance[..., None]


def _rays(rig: Tensor) -> tuple[Tensor, Tensor]:
    """Where rays start, and their directions.  [n, k, H, W, 3] twice"""
    n, k = rig.shape[:2]
    width, height = (int(number) for number in rig[0, 0, 20:].tolist())
    pixel = pixel_centres(height, width).to(rig)
    rays = rays_through(rig.flatten(0, 1), pixel.expand(n * k, -1, -1))
    return rays.start.view(n, k, height, width, 3), rays.ahead.view(n, k, height, width, 3)


def bounded(raw: Tensor, rig: Tensor, near: Tensor, far: Tensor) -> PixelSplats:
    """Twelve numbers for each pixel as a splat on its ray: distance, three scales, a turn, opacity and colour.

    raw: [n, k, 12, H, W]. near, far: bounds of the distance. Scales lie between a fifth of what a pixel covers at that
    distance and twice as much. Source: GRM, section 3.2; its bounds of scales are of the world.
    """
    distance, scale, turn, opacity, shade = raw.split((1, 3, 4, 1, 3), 2)
    away = near + (far - near) * distance[:, :, 0].sigmoid()
    pixel = (away / rig[..., 16, None, None])[..., None]
    low, high = _SIZES
    sizes = pixel * (low + (high - low) * scale.movedim(2, -1).sigmoid())
    upright = raw.new_tensor([1.0, 0.0, 0.0, 0.0])
    tint = (shade.movedim(2, -1).sigmoid() - 0.5) / C0
    parts = on_rays(rig, away), sizes, turn.movedim(2, -1) + upright, (opacity[:, :, 0] - _FAINT).sigmoid()
    place, scale, turn, opacity = (part.flatten(1, 3) for part in parts)
    return PixelSplats(place, scale, turn, opacity, tint.flatten(1, 3)[:, :, None])


def unbounded(raw: Tensor, rig: Tensor, reach: float, first: float, most: float) -> PixelSplats:
    """Numbers for each pixel as a splat on its ray: place (3), scales (3), a turn (4), opacity (1), then harmonics.

    raw: [n, k, 11 + 3 (degree + 1)^2, H, W]. The distance is `reach` times the logistic function of the mean of the
    place's three numbers. first: what logarithms of scales begin at; most: the largest. Source: Long-LRM's llrm.py.
    """
    place, scale, turn, opacity, tint = raw.split((3, 3, 4, 1, raw.shape[2] - 11), 2)
    away = reach * place.mean(2).sigmoid()
    sizes = (scale.movedim(2, -1) + first).clamp_max(most).exp()
    upright = raw.new_tensor([1.0, 0.0, 0.0, 0.0])
    parts = on_rays(rig, away), sizes, turn.movedim(2, -1) + upright, (opacity[:, :, 0] - _FAINT).sigmoid()
    place, scale, turn, opacity = (part.flatten(1, 3) for part in parts)
    return PixelSplats(place, scale, turn, opacity, tint.movedim(2, -1).flatten(1, 3).unflatten(2, (-1, 3)))
