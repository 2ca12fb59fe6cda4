"""3D Gaussian splatting: a scene as Gaussians that grow where it is wrong. Kerbl et al. 2023, arXiv:2308.04079.

Paper                      here
mu, S, q, alpha, SH        `place`, `scale` (logarithm), `turn`, `opacity` (logit), `tint` (degree 0), `sheen`
cameras_extent             `surroundings.extent`, measured when a run begins
densification, clone/split `growth = "slope"`: by the mean slope of the loss in a splat's place on the picture
3DGS-MCMC                  `growth = "relocation"`: Kheradmand et al. 2024, arXiv:2404.09591: faint splats move to where
                           others are, shares of opacity stay what they were (eq. 9), and places jitter (eq. 8)
starting points            the surface of the visual hull where the views have one background, else spread evenly; no
                           structure from motion is run
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Weight
from saddlepoint.keyed import generator
from saddlepoint.methods.base import Clock, Draw, Moves, Networks, Proof, Update
from saddlepoint.methods.families.splatting import Drawn, Splatting
from saddlepoint.nn.kernels.splat import draw as drawn
from saddlepoint.nn.kernels.splat import project
from saddlepoint.nn.render.relocation import jitter, relocated

_FAINT = 0.005  # opacity under which a splat moves
_MORE = 0.05  # share by which relocation lets the number of splats grow at a time
_JITTER = 5e5  # jitter of places, in their learning rate


@final
@dataclass(frozen=True, kw_only=True)
class Gaussians(Splatting):
    """One scene from photographs with known cameras, drawn from any other camera in real time."""

    growth: Literal["slope", "relocation"] = "slope"
    """slope: splats are doubled or split where the loss is steep in their place, and faint ones are taken away.
    relocation: faint ones move to where others are, and there are five per cent more each time (3DGS-MCMC)"""
    opacity_weight: Weight = 0.01
    """relocation: weight of the mean opacity in the loss, which frees splats that are not needed"""
    scale_weight: Weight = 0.01
    """relocation: weight of the mean size in the loss"""

    def first(self, points: Tensor, images: Tensor, camera: Tensor) -> dict[str, Tensor]:
        first = super().first(points, images, camera)
        if self.growth == "relocation":
            first["scale"] = first["scale"] + math.log(0.1)
            first["opacity"] = torch.full((len(points),), 0.5).logit()
        return first

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        views = draw()
        each = [self.view(nets, camera) for camera in views.camera]
        losses = self.likeness(torch.stack([view.picture for view in each]), (views.image + 1) / 2)
        if self.growth == "relocation":
            alive = nets.scene.alive
            losses["opacity"] = self.opacity_weight * nets.scene.opacity[alive].sigmoid().mean()
            losses["scale"] = self.scale_weight * nets.scene.scale[alive].exp().mean()
        yield Update("scene", losses, watch=self.watched(nets, each))

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> Any:
        if self.growth == "slope":
            return super().after_step(nets, report, clock)
        step, changed = clock.step + 1, torch.zeros_like(nets.scene.alive)
        growing = clock.examples < self.grow_until * clock.total
        if step % self.grow_every == 0 and step >= self.grow_after and growing:
            changed |= self._relocate(nets, step)
        self._jitter(nets, clock)
        return {"scene": changed} if bool(changed.any()) else None

    def _relocate(self, nets: Networks, step: int) -> Tensor:
        """Moves faint splats to others, drawn by opacity, and bears more beside such. Returns the rows that changed."""
        scene, stream = nets.scene, generator("relocation", step)
        opacity = scene.opacity.sigmoid()
        faint = torch.nonzero(scene.alive & (opacity <= _FAINT))[:, 0]
        share = (opacity * (scene.alive & (opacity > _FAINT))).cpu()
        changed = torch.zeros_like(scene.alive)
        if not bool((share > 0).any()):
            return changed
        count = int(scene.alive.sum())
        room = torch.nonzero(~scene.alive)[:, 0][: min(self.capacity, math.ceil(count * (1 + _MORE))) - count]
        free = torch.cat((faint, room))
        source = torch.multinomial(share, max(len(free), 1), replacement=True, generator=stream)[: len(free)]
        source = source.to(free.device)
        copies = 1 + torch.bincount(source, minlength=self.capacity)
        chosen = torch.nonzero(copies > 1)[:, 0]
        thinner, times = relocated(opacity[chosen], copies[chosen])
        scene.opacity[chosen] = thinner.clamp(_FAINT, 1 - 1e-6).logit()
        scene.scale[chosen] += times.log()[:, None]
        for name in scene.names:
            values = scene.get_parameter(name)
            values[free] = values[source]
        scene.alive[room] = True
        changed[chosen] = changed[free] = True
        return changed

    def _jitter(self, nets: Networks, clock: Clock) -> None:
        """Moves the places of faint splats at random, far along their long axes."""
        scene, extent = nets.scene, nets.surroundings.extent
        noise = torch.randn(self.capacity, 3, generator=generator("jitter", clock.step)).to(extent.device)
        scale = scene.scale.exp()
        moved = jitter(noise, scale, scene.turn, scene.opacity.sigmoid()) * (self.place_rate(clock) * _JITTER)
        # The paper's rate is of places in units of the world, which are `extent` of ours.
        scene.place += torch.where(scene.alive[:, None], moved, torch.zeros_like(moved))

    def view(self, nets: nn.Module, camera: Tensor) -> Drawn:
        scene: Any = nets.get_submodule("scene")
        around: Any = nets.get_submodule("surroundings")
        living = scene.living()
        place = living["place"] * around.extent
        pose, lens = camera[:16].view(4, 4), camera[16:]
        splats = project(place, living["scale"].exp(), living["turn"], pose, lens)
        width, height = (int(number) for number in lens[4:].tolist())
        colour, opacity = self.colours(living, place, pose), living["opacity"].sigmoid()
        return Drawn(*drawn(splats, colour, opacity, around.behind, height, width), splats.mean)


# Settings by preset, with where each comes from: github.com/graphdeco-inria/gaussian-splatting, arguments/__init__.py.
PRESETS: dict[str, dict[str, Any]] = {
    "authors": {"examples": 30_000, "splats": 100_000, "capacity": 1_000_000, "degree": 3},
}

PROOF = Proof(
    claim="Gaussians that grow where the views ask for more draw a scene from unseen cameras, far nearer to it than its"
    " nearest view.",
    data="world:scene",
    measure="views",
    share=1 / 2,
    bars={"psnr": 25.0},
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
