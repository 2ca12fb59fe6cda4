"""Dynamic Gaussians: one set of splats, and a network that moves it through time. Yang et al. 2023, arXiv:2309.13101.

Paper                      here
canonical Gaussians        the pool of `families.splatting`, at no moment of its own
F_theta, eq. 7             `deformation`: 8 layers of 256; it moves places, turns and, with `sizes_change`, sizes
gamma, L = 10 and 6        `octaves` of a place, `time_octaves` of a moment (in the authors' code for D-NeRF's scenes
                           the moment passes through two layers of its own, `time_width`)
warm-up of 3,000 steps     `still_share` of the run, in which splats are fitted as if nothing moved
annealed smoothing, eq. 9  `time_noise`: noise on moments, which falls to nothing; 0 for rendered scenes
Dynamic 3D Gaussians (Luiten et al. 2023, arXiv:2308.09713) fit frame after frame instead, from many cameras at each
moment, and keep sizes, colours and opacities of the first: `sizes_change=False` keeps these here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Layers, Natural, Positive, Range, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, TimedViewBatch
from saddlepoint.kinds.kind import Kind
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Part, Proof, Update
from saddlepoint.methods.families.splatting import Drawn, Splatting, rendered
from saddlepoint.nn.kernels.splat import draw as drawn
from saddlepoint.nn.kernels.splat import project
from saddlepoint.nn.layers.frequencies import frequencies
from saddlepoint.nn.render.moving_hull import moving_points

Octaves = Annotated[int, Range(least=0, most=20)]

_GENTLE = 1e-2  # deviation of the last layers' first weights
_LIKELY = 0.9  # share of the views of a place that must show something there for splats to begin there


@final
class Deformation(nn.Module):
    """How far splats move from where they are kept to where they are at a moment."""

    def __init__(
        self, octaves: int, time_octaves: int, layers: int, width: int, skip: int, time_width: int, sizes_change: bool
    ) -> None:
        super().__init__()
        self.octaves, self.time_octaves, self.skip = octaves, time_octaves, skip
        place, moment = 3 + 6 * octaves, 1 + 2 * time_octaves
        self.clock: nn.Module = nn.Identity()
        if time_width:
            self.clock = nn.Sequential(nn.Linear(moment, 256), nn.ReLU(), nn.Linear(256, time_width))
            moment = time_width
        size = place + moment
        wide = [size] + [width + size * (layer == skip) for layer in range(1, layers)]
        self.trunk = nn.ModuleList(nn.Linear(each, width) for each in wide)
        self.moved, self.turned = nn.Linear(width, 3), nn.Linear(width, 4)
        self.scaled = nn.Linear(width, 3) if sizes_change else None
        for head in (self.moved, self.turned, self.scaled):
            if head is not None:  # a run begins with hardly any motion
                nn.init.normal_(head.weight, std=_GENTLE)
                nn.init.zeros_(head.bias)

    def forward(self, place: Tensor, time: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """[n, 3], [] -> what is added to places [n, 3], quaternions [n, 4] and logarithms of sizes [n, 3] or None"""
        moment = self.clock(frequencies(time.view(1, 1), self.time_octaves))
        waves = torch.cat((frequencies(place, self.octaves), moment.expand(len(place), -1)), 1)
        hidden = waves
        for number, layer in enumerate(self.trunk):
            if 0 < number == self.skip:
                hidden = torch.cat((waves, hidden), 1)
            hidden = torch.relu(layer(hidden))
        scaled = None if self.scaled is None else self.scaled(hidden)
        return self.moved(hidden), self.turned(hidden), scaled


@final
@dataclass(frozen=True, kw_only=True)
class DynamicGaussians(Splatting):
    """One scene that moves, from photographs with known cameras and moments, drawn from any camera at any moment."""

    takes = TimedViewBatch

    octaves: Octaves = 10
    """frequencies of a place"""
    time_octaves: Octaves = 6
    """frequencies of a moment"""
    layers: Layers = 8
    """of the deformation"""
    width: Width = 256
    """of its layers"""
    skip: Natural = 4
    """layer that place and moment enter again, counted from 0; 0 for none"""
    time_width: Natural = 30
    """numbers that the moment becomes in two layers of its own; 0 for none, as for photographs in the authors' code"""
    deformation_lr: Positive = 8e-4
    """learning rate of the deformation; it falls to a five hundredth over the run"""
    still_share: Share = 0.075
    """share of the run in which nothing moves"""
    time_noise: Weight = 0.0
    """deviation of noise on moments at first, which falls to nothing over the first half of the run: for photographs a
    tenth of the time between two of them"""
    sizes_change: bool = True
    """whether sizes change with time, beside places and turns"""

    def networks(self, data: DataSpec) -> Networks:
        sizes = (
            self.octaves,
            self.time_octaves,
            self.layers,
            self.width,
            self.skip,
            self.time_width,
            self.sizes_change,
        )
        return Networks(**self.pool_of(data), deformation=Deformation(*sizes))

    def optimisers(self) -> Mapping[str, Optim]:
        parts = (*self.parts(), Part(paths=("deformation",), rate=self._deformation_rate))
        return {"scene": Adam("scene", "deformation", lr=1.0, eps=1e-15, parts=parts)}

    def _deformation_rate(self, clock: Clock) -> float:
        return float(self.deformation_lr * (1 / 500) ** min(clock.examples / max(clock.total, 1), 1.0))

    def points(self, images: Tensor, camera: Tensor, stream: torch.Generator) -> tuple[Tensor, Tensor]:
        return moving_points(images, camera, self.splats, _LIKELY, stream)

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        views: TimedViewBatch = draw()
        share, time = clock.examples / max(clock.total, 1), views.time
        if self.time_noise and share < 0.5:
            time = time + draw.noise(len(time)) * self.time_noise * (1 - 2 * share)
        moves = float(share >= self.still_share)
        each = [self._at(nets, camera, moment, moves) for camera, moment in zip(views.camera, time)]
        losses = self.likeness(torch.stack([view.picture for view in each]), (views.image + 1) / 2)
        yield Update("scene", losses, watch=self.watched(nets, each))

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> Any:
        rows = super().after_step(nets, report, clock)
        return rows and {"scene": {f"scene.{name}": rows["scene"] for name in nets.scene.names}}

    def _deformed(
        self, nets: nn.Module, living: Mapping[str, Tensor], time: Tensor, moves: float = 1.0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Places [n, 3] in the world, quaternions [n, 4] and logarithms of sizes [n, 3] at a moment []."""
        around: Any = nets.get_submodule("surroundings")
        moved, turned, scaled = nets.get_submodule("deformation")(living["place"].detach(), time)
        place = (living["place"] + moves * moved) * around.extent
        scale = living["scale"] if scaled is None else living["scale"] + moves * scaled
        return place, living["turn"] + moves * turned, scale

    def _at(self, nets: nn.Module, camera: Tensor, time: Tensor, moves: float = 1.0) -> Drawn:
        scene: Any = nets.get_submodule("scene")
        around: Any = nets.get_submodule("surroundings")
        living = scene.living()
        place, turn, scale = self._deformed(nets, living, time, moves)
        pose, lens = camera[:16].view(4, 4), camera[16:]
        splats = project(place, scale.exp(), turn, pose, lens)
        width, height = (int(number) for number in lens[4:].tolist())
        colour, opacity = self.colours(living, place, pose), living["opacity"].sigmoid()
        return Drawn(*drawn(splats, colour, opacity, around.behind, height, width), splats.mean)

    def view(self, nets: nn.Module, camera: Tensor) -> Drawn:
        """At the first moment."""
        return self._at(nets, camera, camera.new_zeros(()))

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def render(self, nets: nn.Module, camera: Tensor, how: Sampling = AS_TRAINED) -> Mapping[str, Tensor]:
        """Views at the moments [n] that `how` gives as "time"; at the first one where it gives none."""
        time = how.given.get("time", camera.new_zeros(len(camera)))
        return rendered([self._at(nets, *each) for each in zip(camera, time)])

    def moments(self, nets: nn.Module, n: int) -> Tensor:
        """Evenly from the first to the last."""
        return torch.linspace(0, 1, n) if n > 1 else torch.zeros(n)

    def build(self, nets: nn.Module) -> tuple[Kind, Tensor]:
        """The splats as they are at the first moment."""
        scene: Any = nets.get_submodule("scene")
        living = scene.living()
        place, turn, scale = self._deformed(nets, living, living["place"].new_zeros(()))
        return self.built({**living, "scale": scale}, place, turn)


# Settings by preset, with where each comes from: github.com/ingra14m/Deformable-3D-Gaussians, arguments/__init__.py.
_AUTHORS = {"examples": 40_000, "splats": 100_000, "capacity": 1_000_000, "scale_lr": 1e-3}
PRESETS: dict[str, dict[str, Any]] = {
    "blender": _AUTHORS,  # --is_blender: the moment has layers of its own, and no noise
    "photographs": {**_AUTHORS, "time_octaves": 10, "time_width": 0, "time_noise": 1e-3},
}

PROOF = Proof(
    claim="Splats that a network moves through time draw a moving scene from unseen cameras at unseen moments, nearer"
    " to it than the better of the views that are nearest in time and in place, and than the same scene held still.",
    data="world:moving_scene",
    measure="moving-views",
    share=0.6,  # a first run has .43, and held still .71
    settings={
        "resolution": 20,
        "examples": 1_200,
        "batch": 2,
        "held_out": 0.15,
        "capacity": 300,
        "splats": 300,
        "degree": 0,
        "octaves": 4,
        "time_octaves": 3,
        "layers": 3,
        "width": 64,
        "skip": 0,
        "time_width": 0,
        "still_share": 0.05,
        "place_lr": 4e-4,
        "scale_lr": 1e-2,
        "tint_lr": 1e-2,
        "deformation_lr": 2e-3,
        "grow_after": 100,
        "reset_every": 0,
    },
)
