"""3D Gaussian splatting: a scene as Gaussians that grow where it is wrong. Kerbl et al. 2023, arXiv:2308.04079.

Paper                      here
mu, S, q, alpha, SH        `place`, `scale` (logarithm), `turn`, `opacity` (logit), `tint` (degree 0), `sheen`
cameras_extent             `surroundings.extent`, measured when a run begins
densification, clone/split `growth = "slope"`: by the mean slope of the loss in a splat's place on the picture
3DGS-MCMC                  `growth = "relocation"`: Kheradmand et al. 2024, arXiv:2404.09591: faint splats move to where
                           others are, shares of opacity stay what they were (eq. 9), and places jitter (eq. 8)
starting points            the surface of the visual hull where the views have one background, else spread evenly; no
                           structure from motion is run
Splats live in a pool of `capacity` rows, so that nothing changes its shape while their number does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Natural, Positive, Range, Share, Weight
from saddlepoint.data.batches import Batch, DataSpec, ViewBatch
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.splats import C0, GEOMETRY, Splats
from saddlepoint.losses.ssim import ssim
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Clock, Draw, Method, Moves, Networks, Optim, Part, Proof, Update
from saddlepoint.nn.kernels.harmonics import harmonics
from saddlepoint.nn.kernels.splat import draw as drawn
from saddlepoint.nn.kernels.splat import project, rotations, spread
from saddlepoint.nn.layers.pool import Pool
from saddlepoint.nn.render.hull import surface_points
from saddlepoint.nn.render.relocation import jitter, relocated
from saddlepoint.nn.render.surroundings import Background, Surroundings

Degree = Annotated[int, Range(least=0, most=3)]

_SEEN = 200  # views that a run begins from
_FAINT = 0.005  # opacity under which a splat is taken away, or moves
_MORE = 0.05  # share by which relocation lets the number of splats grow at a time
_JITTER = 5e5  # jitter of places, in their learning rate


@final
class Growth(nn.Module):
    """Since the last growth: each splat's sum of slopes and the number of views that showed it.  [capacity] each"""

    slope: Tensor
    views: Tensor

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.register_buffer("slope", torch.zeros(capacity))
        self.register_buffer("views", torch.zeros(capacity))


@final
@dataclass(frozen=True, kw_only=True)
class Gaussians(Method):
    """One scene from photographs with known cameras, drawn from any other camera in real time."""

    takes = ViewBatch
    compiles = ()
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 1}

    capacity: Count = 100_000
    """most splats that there can be"""
    splats: Count = 5_000
    """splats that a run begins with"""
    degree: Degree = 3
    """of the spherical harmonics that let a colour depend on the direction it is seen from: 0 to 3"""
    place_lr: Positive = 1.6e-4
    """learning rate of places, in extents of the scene; it falls to a hundredth over the run"""
    scale_lr: Positive = 5e-3
    """learning rate of the logarithms of sizes"""
    turn_lr: Positive = 1e-3
    """learning rate of quaternions"""
    opacity_lr: Positive = 5e-2
    """learning rate of the logits of opacity"""
    tint_lr: Positive = 2.5e-3
    """learning rate of colours; of how they change with the direction a twentieth"""
    ssim_weight: Share = 0.2
    """share of structural similarity in the loss, beside the mean absolute difference"""
    growth: Literal["slope", "relocation"] = "slope"
    """slope: splats are doubled or split where the loss is steep in their place, and faint ones are taken away.
    relocation: faint ones move to where others are, and there are five per cent more each time (3DGS-MCMC)"""
    opacity_weight: Weight = 0.01
    """relocation: weight of the mean opacity in the loss, which frees splats that are not needed"""
    scale_weight: Weight = 0.01
    """relocation: weight of the mean size in the loss"""
    grow_every: Count = 100
    """steps between two growths"""
    grow_after: Natural = 500
    """steps before the first growth"""
    grow_until: Share = 0.5
    """share of the run after which the number of splats only falls"""
    grow_slope: Positive = 2e-4
    """mean slope of the loss, in half pictures, from which on a splat is doubled"""
    split_size: Positive = 0.01
    """size in extents of the scene from which on a splat is split in two rather than doubled"""
    reset_every: Natural = 3_000
    """steps between two resets of all opacities to .01; 0 for never"""
    background: Background = "border"
    """what lies behind all splats: the colour of the pictures' borders where these agree, else black"""

    def networks(self, data: DataSpec) -> Networks:
        image = data.image("image")
        if image.channels != 3 or self.splats > self.capacity:
            raise ConfigError(
                f"gaussians takes colour views and begins with at most --capacity {self.capacity:,} splats; the data"
                f" has {image}, and --splats is {self.splats:,}."
            )
        rest = (self.degree + 1) ** 2 - 1
        empty = {"place": (3,), "scale": (3,), "turn": (4,), "opacity": (), "tint": (3,), "sheen": (rest, 3)}
        shapes = {name: size for name, size in empty.items() if name != "sheen" or rest}
        return Networks(
            scene=Pool(self.capacity, **{name: torch.zeros(0, *size) for name, size in shapes.items()}),
            growth=Growth(self.capacity),
            surroundings=Surroundings(),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        parts = [Part(paths=("scene.place",), rate=self._place_rate)]
        rates = {"scale": self.scale_lr, "turn": self.turn_lr, "opacity": self.opacity_lr, "tint": self.tint_lr}
        parts += [Part(paths=(f"scene.{name}",), rate=rate) for name, rate in rates.items()]
        if self.degree:
            parts.append(Part(paths=("scene.sheen",), rate=self.tint_lr / 20))
        return {"scene": Adam("scene", lr=1.0, eps=1e-15, parts=tuple(parts))}

    def _place_rate(self, clock: Clock) -> float:
        return float(self.place_lr * 0.01 ** min(clock.examples / max(clock.total, 1), 1.0))

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        views = look(_SEEN)
        assert isinstance(views, ViewBatch)
        images, camera = (views.image.cpu() + 1) / 2, views.camera.cpu()
        nets.surroundings.measure(images, camera, self.background)
        extent = float(nets.surroundings.extent)
        points, colours = surface_points(images, camera, self.splats, generator("first splats", len(images)))
        moves = self.growth == "relocation"
        size = spread(points).log()[:, None].expand(-1, 3)
        first = {
            "place": points / extent,  # places are kept in extents of the scene, and so is their rate
            "scale": size + (math.log(0.1) if moves else 0.0),
            "turn": torch.tensor([1.0, 0.0, 0.0, 0.0]).expand(len(points), 4),
            "opacity": torch.full((len(points),), 0.5 if moves else 0.1).logit(),
            "tint": (colours - 0.5) / C0,
            "sheen": torch.zeros(len(points), (self.degree + 1) ** 2 - 1, 3),
        }
        nets.scene.bear(**{name: first[name] for name in nets.scene.names})

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        views = draw()
        target = (views.image + 1) / 2
        pictures, means = [], []
        for camera in views.camera:
            picture, _, _, splats = self._view(nets, camera)
            splats.mean.retain_grad()
            pictures.append(picture)
            means.append(splats.mean)
        picture = torch.stack(pictures)
        half = nets.surroundings.lens[4:] / 2  # slopes are counted in half pictures, whatever their size

        def slope() -> Tensor:
            each = [(mean.grad * half).norm(dim=1) for mean in means if mean.grad is not None]
            return self._rows(nets, torch.stack(each).sum(0) * len(views)) / len(views)

        def shown() -> Tensor:
            each = [(mean.grad != 0).any(1).float() for mean in means if mean.grad is not None]
            return self._rows(nets, torch.stack(each).mean(0))

        weight = self.ssim_weight
        losses = {
            "absolute": (1 - weight) * (picture - target).abs().mean(),
            "dissimilarity": weight * (1 - ssim(picture, target)),
        }
        if self.growth == "relocation":
            alive = nets.scene.alive
            losses["opacity"] = self.opacity_weight * nets.scene.opacity[alive].sigmoid().mean()
            losses["scale"] = self.scale_weight * nets.scene.scale[alive].exp().mean()
        alive = nets.scene.alive.float().sum()
        yield Update("scene", losses, watch={"slope": slope, "views": shown, "splats": alive})

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> Any:
        scene, step = nets.scene, clock.step + 1
        growing = clock.examples < self.grow_until * clock.total
        due = step % self.grow_every == 0 and step >= self.grow_after
        changed = torch.zeros_like(scene.alive)
        if self.growth == "relocation":
            if due and growing:
                changed |= self._relocate(nets, step)
            self._jitter(nets, clock)
            return {"scene": changed} if bool(changed.any()) else None
        nets.growth.slope += report["scene/slope"]
        nets.growth.views += report["scene/views"]
        if due:
            if growing:
                changed |= self._grow(nets, step)
            scene.prune(scene.alive & (scene.opacity.sigmoid() < _FAINT))
            nets.growth.slope.zero_()
            nets.growth.views.zero_()
        if self.reset_every and step % self.reset_every == 0 and growing:
            scene.opacity.clamp_(max=float(torch.tensor(0.01).logit()))
            changed |= scene.alive
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
        moved = jitter(noise, scale, scene.turn, scene.opacity.sigmoid()) * (self._place_rate(clock) * _JITTER)
        # The paper's rate is of places in units of the world, which are `extent` of ours.
        scene.place += torch.where(scene.alive[:, None], moved, torch.zeros_like(moved))

    def _grow(self, nets: Networks, step: int) -> Tensor:
        """Doubles small splats and splits large ones whose slope is steep. Returns the rows that are new or moved."""
        scene, growth = nets.scene, nets.growth
        steep = scene.alive & (growth.slope / growth.views.clamp_min(1e-6) >= self.grow_slope) & (growth.views > 0)
        large = scene.scale.exp().amax(1) > self.split_size * nets.surroundings.extent
        olds, twins = scene.twin(steep)
        split = large[olds]
        both = torch.cat((olds[split], twins[split]))
        stream = generator("split", step)
        offset = torch.randn(len(both), 3, generator=stream).to(scene.place.device) * scene.scale[both].exp()
        moved = (rotations(scene.turn[both]) @ offset[:, :, None])[:, :, 0]
        scene.place[both] += moved / nets.surroundings.extent
        scene.scale[both] -= float(torch.tensor(1.6).log())
        changed = torch.zeros(self.capacity, dtype=torch.bool, device=scene.place.device)
        changed[both] = True
        changed[twins] = True
        return changed

    def _rows(self, nets: Networks, living: Tensor) -> Tensor:
        """Values of living splats at their rows of the pool.  [n] -> [capacity]"""
        rows = living.new_zeros(self.capacity)
        rows[nets.scene.alive] = living
        return rows

    def _view(self, nets: nn.Module, camera: Tensor) -> tuple[Tensor, Tensor, Tensor, Any]:
        """Picture [3, H, W] in [0, 1], opacity and depth [H, W], and the splats as they lie on it."""
        scene: Any = nets.get_submodule("scene")
        around: Any = nets.get_submodule("surroundings")
        living = scene.living()
        place = living["place"] * around.extent
        pose, lens = camera[:16].view(4, 4), camera[16:]
        splats = project(place, living["scale"].exp(), living["turn"], pose, lens)
        width, height = (int(number) for number in lens[4:].tolist())
        colour = living["tint"] * C0 + 0.5
        if self.degree:
            ahead = torch.nn.functional.normalize(place.detach() - pose[:3, 3], dim=1)
            colour = colour + (harmonics(ahead, self.degree)[:, 1:, None] * living["sheen"]).sum(1)
        opacity = living["opacity"].sigmoid()
        picture, hidden, depth = drawn(splats, colour.clamp_min(0), opacity, around.behind, height, width)
        return picture, hidden, depth, splats

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def render(self, nets: nn.Module, camera: Tensor, how: Sampling = AS_TRAINED) -> Mapping[str, Tensor]:
        """Views [n, 3, H, W] in [-1, 1], with depth and opacity [n, 1, H, W]."""
        views = [self._view(nets, one)[:3] for one in camera]
        picture, hidden, depth = (torch.stack(each) for each in zip(*views))
        return {"image": (picture * 2 - 1).clamp(-1, 1), "depth": depth[:, None], "opacity": hidden[:, None]}

    def views(self, nets: nn.Module, n: int) -> Tensor:
        """Cameras once around at the mean distance and lift of the trained ones."""
        around: Any = nets.get_submodule("surroundings")
        cameras: Tensor = around.views(n)
        return cameras

    def build(self, nets: nn.Module) -> tuple[Kind, Tensor]:
        """The scene's living splats, in the numbers of `kinds.splats`."""
        scene: Any = nets.get_submodule("scene")
        around: Any = nets.get_submodule("surroundings")
        living, extent = scene.living(), around.extent
        turn = torch.nn.functional.normalize(living["turn"], dim=1)
        parts = [living["place"] * extent, living["scale"], turn, living["opacity"][:, None], living["tint"]]
        if self.degree:
            parts.append(living["sheen"].flatten(1))
        values = torch.cat(parts, 1)
        assert values.shape[1] == GEOMETRY + 3 * (self.degree + 1) ** 2
        return Splats(len(values), self.degree), values


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
