"""2D Gaussian splatting: discs that lie on surfaces, met exactly by rays. Huang et al. 2024, arXiv:2403.17888.

Paper                      here
p, t_u, t_v, s_u, s_v      `place`, the first two axes of `turn`, `scale` (logarithms of two)
ray-splat intersection     `nn.kernels.disc`
L_d, eq. 13                `distortion_weight`: squared differences of mapped depths, as in its appendix
L_n, eq. 14                `normal_weight`: normals of discs and those of the depth that they draw agree
depth, its appendix        `surface`: the mean of what a ray meets, or where half of it is met
Colours, growth and the loss of pictures are those of 3D Gaussian splatting. A run begins with discs on the visual hull
that face outward; the authors' begin with random turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Share, Weight
from saddlepoint.methods.base import Clock, Draw, Moves, Networks, Proof, Update
from saddlepoint.methods.families.splatting import Drawn, Splatting
from saddlepoint.nn.full_precision import product
from saddlepoint.nn.kernels.disc import Surface, before, draw
from saddlepoint.nn.render.hull import outward
from saddlepoint.nn.render.normals import normals


@final
@dataclass(frozen=True, kw_only=True)
class Gaussians2D(Splatting):
    """One scene from photographs with known cameras, whose surfaces are smoother than those of `gaussians`."""

    axes = 2

    surface: Literal["mean", "median"] = "mean"
    """depth of a pixel: the mean of what its ray meets (for unbounded scenes), or where half of it is met (for scenes
    that are photographed all around)"""
    normal_weight: Weight = 0.05
    """weight of the angle between the discs' normals and those of the depth that they draw"""
    normal_after: Share = 7 / 30
    """share of the run after which normals count"""
    distortion_weight: Weight = 0.0
    """weight of how far what a ray meets lies apart: 1000 for scenes photographed all around, 100 for unbounded ones"""
    distortion_after: Share = 0.1
    """share of the run after which that counts"""

    @property
    def faint(self) -> float:
        return 0.05

    def first(self, points: Tensor, images: Tensor, camera: Tensor) -> dict[str, Tensor]:
        first = super().first(points, images, camera)
        x, y, z = outward(images, camera, points).unbind(1)
        turn = torch.stack((1 + z, -y, x, torch.zeros_like(x)), 1)  # from the third axis to the normal
        turn[z < -0.999] = torch.tensor([0.0, 1.0, 0.0, 0.0])
        return first | {"turn": torch.nn.functional.normalize(turn, dim=1)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        views = draw()
        each = [self._surface(nets, camera) for camera in views.camera]
        losses = self.likeness(torch.stack([surface.picture for surface, _ in each]), (views.image + 1) / 2)
        share = clock.examples / max(clock.total, 1)
        if self.normal_weight and share >= self.normal_after:
            bent = [self._bend(surface, camera) for (surface, _), camera in zip(each, views.camera)]
            losses["normal"] = self.normal_weight * torch.stack(bent).mean()
        if self.distortion_weight and share >= self.distortion_after:
            apart = torch.stack([surface.distortion for surface, _ in each]).mean()
            losses["distortion"] = self.distortion_weight * apart
        yield Update("scene", losses, watch=self.watched(nets, [self._drawn(*pair) for pair in each]))

    def _bend(self, surface: Surface, camera: Tensor) -> Tensor:
        """Mean over the pixels of sum w (1 - n . N), where N is the normal of the depth that is drawn."""
        solid = normals(self._depth(surface)[None], camera)
        turned = product(camera[:16].view(4, 4)[:3, :3], surface.normal.flatten(1)).view_as(surface.normal)
        known = (solid.detach() != 0).any(0)
        return torch.where(known, surface.opacity - (turned * solid).sum(0), torch.zeros_like(surface.opacity)).mean()

    def _depth(self, surface: Surface) -> Tensor:
        return surface.mean_depth if self.surface == "mean" else surface.median_depth

    def _drawn(self, surface: Surface, mean: Tensor) -> Drawn:
        return Drawn(surface.picture, surface.opacity, self._depth(surface), mean)

    def _surface(self, nets: nn.Module, camera: Tensor) -> tuple[Surface, Tensor]:
        """What a camera sees, and where the discs lie on it [n, 2]."""
        scene: Any = nets.get_submodule("scene")
        around: Any = nets.get_submodule("surroundings")
        living = scene.living()
        place = living["place"] * around.extent
        pose, lens = camera[:16].view(4, 4), camera[16:]
        discs = before(place, living["scale"].exp(), living["turn"], pose, lens)
        width, height = (int(number) for number in lens[4:].tolist())
        colour, opacity = self.colours(living, place, pose), living["opacity"].sigmoid()
        return draw(discs, colour, opacity, around.behind, height, width), discs.mean

    def view(self, nets: nn.Module, camera: Tensor) -> Drawn:
        return self._drawn(*self._surface(nets, camera))


# Settings by preset, with where each comes from: github.com/hbb1/2d-gaussian-splatting, arguments and scripts.
PRESETS: dict[str, dict[str, Any]] = {
    "authors": {"examples": 30_000, "splats": 100_000, "capacity": 1_000_000},
    "dtu": {  # scripts/dtu_eval.py: --depth_ratio 1 --lambda_dist 1000
        "examples": 30_000,
        "splats": 100_000,
        "capacity": 1_000_000,
        "surface": "median",
        "distortion_weight": 1000.0,
    },
}

PROOF = Proof(
    claim="Discs that rays meet exactly draw a scene's surfaces from unseen cameras, turned more rightly than those"
    " of its visual hull.",
    data="world:scene",
    measure="surface-views",
    share=0.8,  # a first run has .67; the true depth itself, whose normals are taken across pixels, has .30
    bars={"psnr": 23.5},  # a first run has 29.2
    settings={
        "resolution": 48,
        "examples": 600,
        "held_out": 0.15,
        "capacity": 3_000,
        "splats": 1_200,
        "degree": 1,
        "place_lr": 4e-4,
        "scale_lr": 1e-2,
        "tint_lr": 1e-2,
        "grow_after": 100,
        "reset_every": 0,
    },
)
