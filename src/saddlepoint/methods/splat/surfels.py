"""Surfels: a surface as many small discs that are blended by weight. Zwicker et al. 2001, doi:10.1145/383259.383300.

Paper                      here
position, normal           `place`; the third axis of `turn`
radius, colour             `radius` (logarithm), `tint`; a disc has no opacity
four steps of a view       discs that face away are left out; the others are projected (EWA); those near the front one
                           of a pixel are one surface; their colours are divided by the sum of their weights
Learnt from views as in differentiable surface splatting (Yifan et al. 2019, arXiv:1906.04173), whose loss and
regularisers are not taken: the loss is that of Gaussian splatting. A run begins with discs on the visual hull.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Positive, Share
from saddlepoint.data.batches import Batch, DataSpec, ViewBatch
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.splats import C0, Splats
from saddlepoint.losses.ssim import ssim
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Clock, Draw, Method, Moves, Networks, Optim, Part, Proof, Update
from saddlepoint.nn.kernels.splat import draw_surface, planes, project, rotations, spread
from saddlepoint.nn.render.hull import outward, surface_points
from saddlepoint.nn.render.surroundings import Background, Surroundings

_VIEWS = 200  # that a run begins from
_FLAT = 1e-3  # thickness of a disc, in radii
_OPAQUE = 5.0  # logit of the opacity that a file says of a disc


@final
class Discs(nn.Module):
    """Discs by row: places [P, 3], quaternions [P, 4], logarithms of radii [P] and colours [P, 3]."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.zeros(count, 3))
        self.turn = nn.Parameter(torch.tensor([1.0, 0.0, 0.0, 0.0]).repeat(count, 1))
        self.radius = nn.Parameter(torch.full((count,), -3.0))
        self.tint = nn.Parameter(torch.full((count, 3), 0.5))


@final
@dataclass(frozen=True, kw_only=True)
class Surfels(Method):
    """One scene from photographs with known cameras, as discs on its surfaces."""

    takes = ViewBatch
    compiles = ()
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 1}

    surfels: Count = 10_000
    """number of discs"""
    depth_window: Positive = 0.05
    """depth behind the front disc of a pixel within which others are of the same surface, in radii of the scene"""
    place_lr: Positive = 2e-4
    """learning rate of places, in radii of the scene; this and all others fall to a tenth over the run"""
    turn_lr: Positive = 1e-3
    """learning rate of quaternions"""
    radius_lr: Positive = 5e-3
    """learning rate of the logarithms of radii"""
    tint_lr: Positive = 1e-2
    """learning rate of colours"""
    ssim_weight: Share = 0.2
    """share of structural similarity in the loss, beside the mean absolute difference"""
    background: Background = "border"
    """what lies behind all discs: the colour of the pictures' borders where these agree, else black"""

    def networks(self, data: DataSpec) -> Networks:
        image = data.image("image")
        if image.channels != 3:
            raise ConfigError(f"surfels are learnt from colour views; the data has {image}.")
        return Networks(discs=Discs(self.surfels), surroundings=Surroundings())

    def optimisers(self) -> Mapping[str, Optim]:
        rates = {"turn": self.turn_lr, "radius": self.radius_lr, "tint": self.tint_lr}
        rates["place"] = self.place_lr
        parts = [Part(paths=(f"discs.{name}",), rate=rate) for name, rate in rates.items()]
        return {"discs": Adam("discs", lr=self._fall, eps=1e-15, parts=tuple(parts))}

    def _fall(self, clock: Clock) -> float:
        return float(0.1 ** min(clock.examples / max(clock.total, 1), 1.0))

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        views = look(_VIEWS)
        assert isinstance(views, ViewBatch)
        images, camera = (views.image.cpu() + 1) / 2, views.camera.cpu()
        around, discs = nets.surroundings, nets.discs
        around.measure(images, camera, self.background)
        place, colour = surface_points(images, camera, self.surfels, generator("first surfels", len(images)))
        x, y, z = outward(images, camera, place).unbind(1)
        turn = torch.stack((1 + z, -y, x, torch.zeros_like(x)), 1)  # from the third axis to the normal
        turn[z < -0.999] = torch.tensor([0.0, 1.0, 0.0, 0.0])
        discs.place.copy_((place - around.centre.cpu()) / float(around.radius))
        discs.turn.copy_(torch.nn.functional.normalize(turn, dim=1))
        discs.radius.copy_(spread(place).log())
        discs.tint.copy_(colour)

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        views = draw()
        target = (views.image + 1) / 2
        picture = torch.stack([self._view(nets, camera)[0] for camera in views.camera])
        weight = self.ssim_weight
        losses = {
            "absolute": (1 - weight) * (picture - target).abs().mean(),
            "dissimilarity": weight * (1 - ssim(picture, target)),
        }
        yield Update("discs", losses)

    def _view(self, nets: nn.Module, camera: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Picture [3, H, W] in [0, 1], cover and depth [H, W]."""
        around: Any = nets.get_submodule("surroundings")
        discs: Any = nets.get_submodule("discs")
        pose, lens = camera[:16].view(4, 4), camera[16:]
        width, height = (int(number) for number in lens[4:].tolist())
        place = discs.place * around.radius + around.centre
        normal = rotations(discs.turn)[:, :, 2]
        front = torch.nonzero(((place - pose[:3, 3]) * normal).sum(1) < 0)[:, 0]
        place, normal = place[front], normal[front]
        scale = discs.radius[front].exp()[:, None] * torch.tensor([1.0, 1.0, _FLAT], device=place.device)
        splats = project(place, scale, discs.turn[front], pose, lens)
        plane = planes(place, normal, pose, lens)
        window = self.depth_window * float(around.radius)
        return draw_surface(splats, plane, discs.tint[front], around.behind, height, width, window)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def render(self, nets: nn.Module, camera: Tensor, how: Sampling = AS_TRAINED) -> Mapping[str, Tensor]:
        """Views [n, 3, H, W] in [-1, 1], with depth and opacity [n, 1, H, W]."""
        views = [self._view(nets, one) for one in camera]
        picture, cover, depth = (torch.stack(each) for each in zip(*views))
        return {"image": (picture * 2 - 1).clamp(-1, 1), "depth": depth[:, None], "opacity": cover[:, None]}

    def views(self, nets: nn.Module, n: int) -> Tensor:
        """Cameras once around at the mean distance and lift of the trained ones."""
        around: Any = nets.get_submodule("surroundings")
        cameras: Tensor = around.views(n)
        return cameras

    def build(self, nets: nn.Module) -> tuple[Kind, Tensor]:
        """The discs as flat splats that are nearly opaque."""
        around: Any = nets.get_submodule("surroundings")
        discs: Any = nets.get_submodule("discs")
        place = discs.place * around.radius + around.centre
        thin = torch.tensor([1.0, 1.0, _FLAT], device=place.device).log()
        turn = torch.nn.functional.normalize(discs.turn, dim=1)
        opacity = torch.full_like(place[:, :1], _OPAQUE)
        values = torch.cat((place, discs.radius[:, None] + thin, turn, opacity, (discs.tint - 0.5) / C0), 1)
        return Splats(len(values), 0), values


PRESETS: dict[str, dict[str, Any]] = {}

PROOF = Proof(
    claim="Discs without opacity, blended by weight, draw unseen views nearer to a scene than its nearest view is.",
    data="world:scene",
    measure="views",
    share=0.8,
    settings={
        "resolution": 48,
        "held_out": 0.15,
        "examples": 1_000,
        "surfels": 5_000,
        "depth_window": 0.03,
        "place_lr": 3e-3,
        "radius_lr": 1e-2,
        "turn_lr": 5e-3,
    },
)
