"""What scenes of splats have in common: a pool that grows where the views ask for more, their colours, and rendering.

Kerbl et al. 2023, arXiv:2308.04079, sections 4 and 5. A method says how its splats lie on a picture; the rest of what a
run and a camera need is here. Splats live in a pool of `capacity` rows, so that nothing changes its shape while their
number does. Places are kept in extents of the scene, and so is their rate.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Natural, Positive, Range, Share
from saddlepoint.data.batches import Batch, DataSpec, ViewBatch
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import generator
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.splats import C0, GEOMETRY, Splats
from saddlepoint.losses.ssim import ssim
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Clock, Method, Networks, Optim, Part
from saddlepoint.nn.full_precision import product
from saddlepoint.nn.kernels.harmonics import harmonics
from saddlepoint.nn.kernels.splat import rotations, spread
from saddlepoint.nn.layers.pool import Pool
from saddlepoint.nn.render.hull import surface_points
from saddlepoint.nn.render.surroundings import Background, Surroundings

Degree = Annotated[int, Range(least=0, most=3)]

_VIEWS = 200  # that a run begins from


@final
class Growth(nn.Module):
    """Since the last growth: each splat's sum of slopes and the number of views that showed it.  [capacity] each"""

    slope: Tensor
    views: Tensor

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.register_buffer("slope", torch.zeros(capacity))
        self.register_buffer("views", torch.zeros(capacity))


@dataclass(frozen=True)
class Drawn:
    """One view of splats.

    picture: [3, H, W] in [0, 1]. opacity, depth: [H, W]. mean: [n, 2], where the living splats lie on the picture in
    pixels; its gradient says where more are needed.
    """

    picture: Tensor
    opacity: Tensor
    depth: Tensor
    mean: Tensor


def rendered(views: Sequence[Drawn]) -> dict[str, Tensor]:
    """Views as a task gives them: "image" [n, 3, H, W] in [-1, 1], "depth" and "opacity" [n, 1, H, W]."""
    picture = torch.stack([view.picture for view in views])
    depth, opacity = (torch.stack([getattr(view, name) for view in views]) for name in ("depth", "opacity"))
    return {"image": (picture * 2 - 1).clamp(-1, 1), "depth": depth[:, None], "opacity": opacity[:, None]}


@dataclass(frozen=True, kw_only=True)
class Splatting(Method):
    """One scene from photographs with known cameras, as splats."""

    takes = ViewBatch
    compiles = ()
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 1}
    axes: ClassVar[int] = 3
    """sizes of a splat: 3 of an ellipsoid, 2 of a disc"""

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

    @property
    def faint(self) -> float:
        """Opacity under which a splat is taken away."""
        return 0.005

    def pool_of(self, data: DataSpec) -> dict[str, nn.Module]:
        """The pool, what its growth goes by, and the scene's surroundings. Raises ConfigError for views in grey."""
        image = data.image("image")
        if image.channels != 3 or self.splats > self.capacity:
            raise ConfigError(
                f"splats are learnt from colour views, and begin with at most --capacity {self.capacity:,}; the data"
                f" has {image}, and --splats is {self.splats:,}."
            )
        rest = (self.degree + 1) ** 2 - 1
        sizes = {"place": (3,), "scale": (self.axes,), "turn": (4,), "opacity": (), "tint": (3,), "sheen": (rest, 3)}
        empty = {name: torch.zeros(0, *size) for name, size in sizes.items() if name != "sheen" or rest}
        scene = Pool(self.capacity, **empty)
        return {"scene": scene, "growth": Growth(self.capacity), "surroundings": Surroundings()}

    def networks(self, data: DataSpec) -> Networks:
        return Networks(**self.pool_of(data))

    def optimisers(self) -> Mapping[str, Optim]:
        return {"scene": Adam("scene", lr=1.0, eps=1e-15, parts=self.parts())}

    def parts(self) -> tuple[Part, ...]:
        """The rates of all that the pool keeps."""
        parts = [Part(paths=("scene.place",), rate=self.place_rate)]
        rates = {"scale": self.scale_lr, "turn": self.turn_lr, "opacity": self.opacity_lr, "tint": self.tint_lr}
        parts += [Part(paths=(f"scene.{name}",), rate=rate) for name, rate in rates.items()]
        if self.degree:
            parts.append(Part(paths=("scene.sheen",), rate=self.tint_lr / 20))
        return tuple(parts)

    def place_rate(self, clock: Clock) -> float:
        """Of places, in extents of the scene."""
        return float(self.place_lr * 0.01 ** min(clock.examples / max(clock.total, 1), 1.0))

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        views = look(_VIEWS)
        assert isinstance(views, ViewBatch)
        images, camera = (views.image.cpu() + 1) / 2, views.camera.cpu()
        nets.surroundings.measure(images, camera, self.background)
        points, colours = self.points(images, camera, generator("first splats", len(images)))
        first = self.first(points, images, camera) | {
            "place": points / float(nets.surroundings.extent),
            "tint": (colours - 0.5) / C0,
            "sheen": torch.zeros(len(points), (self.degree + 1) ** 2 - 1, 3),
        }
        nets.scene.bear(**{name: first[name] for name in nets.scene.names})

    def points(self, images: Tensor, camera: Tensor, stream: torch.Generator) -> tuple[Tensor, Tensor]:
        """Where a run's splats begin, and their colours.  [splats, 3] twice

        images: [v, 3, H, W] in [0, 1]. camera: [v, 22].
        """
        return surface_points(images, camera, self.splats, stream)

    def first(self, points: Tensor, images: Tensor, camera: Tensor) -> dict[str, Tensor]:
        """Sizes, turns and opacities that splats at these points [n, 3] begin with.

        images: [v, 3, H, W] in [0, 1]. camera: [v, 22].
        """
        count = len(points)
        return {
            "scale": spread(points).log()[:, None].expand(-1, self.axes),
            "turn": torch.tensor([1.0, 0.0, 0.0, 0.0]).expand(count, 4),
            "opacity": torch.full((count,), 0.1).logit(),
        }

    def likeness(self, picture: Tensor, target: Tensor) -> dict[str, Tensor]:
        """The losses of pictures [n, 3, H, W] in [0, 1] beside the true ones."""
        weight = self.ssim_weight
        return {
            "absolute": (1 - weight) * (picture - target).abs().mean(),
            "dissimilarity": weight * (1 - ssim(picture, target)),
        }

    def watched(self, nets: Networks, views: Sequence[Drawn]) -> dict[str, Tensor | Callable[[], Tensor]]:
        """What growth goes by, of the views of a step: each splat's slope, and in what share of them it was drawn."""
        half = nets.surroundings.lens[4:] / 2  # slopes are counted in half pictures, whatever their size
        count = len(views)
        for view in views:
            view.mean.retain_grad()

        def slope() -> Tensor:
            each = [(view.mean.grad * half).norm(dim=1) for view in views if view.mean.grad is not None]
            return self.rows(nets, torch.stack(each).sum(0) * count) / count

        def shown() -> Tensor:
            each = [(view.mean.grad != 0).any(1).float() for view in views if view.mean.grad is not None]
            return self.rows(nets, torch.stack(each).mean(0))

        return {"slope": slope, "views": shown, "splats": nets.scene.alive.float().sum()}

    def rows(self, nets: Networks, living: Tensor) -> Tensor:
        """Values of living splats at their rows of the pool.  [n] -> [capacity]"""
        rows = living.new_zeros(self.capacity)
        rows[nets.scene.alive] = living
        return rows

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> Any:
        """Doubles, splits and takes away splats, and resets opacities, each when it is due."""
        scene, step = nets.scene, clock.step + 1
        growing = clock.examples < self.grow_until * clock.total
        changed = torch.zeros_like(scene.alive)
        nets.growth.slope += report["scene/slope"]
        nets.growth.views += report["scene/views"]
        if step % self.grow_every == 0 and step >= self.grow_after:
            if growing:
                changed |= self._grow(nets, step)
            scene.prune(scene.alive & (scene.opacity.sigmoid() < self.faint))
            nets.growth.slope.zero_()
            nets.growth.views.zero_()
        if self.reset_every and step % self.reset_every == 0 and growing:
            scene.opacity.clamp_(max=float(torch.tensor(0.01).logit()))
            changed |= scene.alive
        return {"scene": changed} if bool(changed.any()) else None

    def _grow(self, nets: Networks, step: int) -> Tensor:
        """Doubles small splats and splits large ones whose slope is steep. Returns the rows that are new or moved."""
        scene, growth = nets.scene, nets.growth
        steep = scene.alive & (growth.slope / growth.views.clamp_min(1e-6) >= self.grow_slope) & (growth.views > 0)
        large = scene.scale.exp().amax(1) > self.split_size * nets.surroundings.extent
        olds, twins = scene.twin(steep)
        split = large[olds]
        both = torch.cat((olds[split], twins[split]))
        stream = generator("split", step)
        offset = torch.randn(len(both), self.axes, generator=stream).to(scene.place.device) * scene.scale[both].exp()
        moved = product(rotations(scene.turn[both])[:, :, : self.axes], offset[:, :, None])[:, :, 0]
        scene.place[both] += moved / nets.surroundings.extent
        scene.scale[both] -= float(torch.tensor(1.6).log())
        changed = torch.zeros(self.capacity, dtype=torch.bool, device=scene.place.device)
        changed[both] = True
        changed[twins] = True
        return changed

    def colours(self, living: Mapping[str, Tensor], place: Tensor, pose: Tensor) -> Tensor:
        """Of living splats at places [n, 3], seen by a camera [4, 4].  [n, 3], at least 0"""
        colour = living["tint"] * C0 + 0.5
        if self.degree:
            ahead = torch.nn.functional.normalize(place.detach() - pose[:3, 3], dim=1)
            colour = colour + (harmonics(ahead, self.degree)[:, 1:, None] * living["sheen"]).sum(1)
        return colour.clamp_min(0)

    @abstractmethod
    def view(self, nets: nn.Module, camera: Tensor) -> Drawn:
        """What a camera [22] sees."""

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def render(self, nets: nn.Module, camera: Tensor, how: Sampling = AS_TRAINED) -> Mapping[str, Tensor]:
        """Views [n, 3, H, W] in [-1, 1], with depth and opacity [n, 1, H, W]."""
        return rendered([self.view(nets, one) for one in camera])

    def views(self, nets: nn.Module, n: int) -> Tensor:
        """Cameras once around at the mean distance and lift of the trained ones."""
        around: Any = nets.get_submodule("surroundings")
        cameras: Tensor = around.views(n)
        return cameras

    def build(self, nets: nn.Module) -> tuple[Kind, Tensor]:
        """The scene's living splats, in the numbers of `kinds.splats`."""
        scene: Any = nets.get_submodule("scene")
        around: Any = nets.get_submodule("surroundings")
        living = scene.living()
        return self.built(living, living["place"] * around.extent, living["turn"])

    def built(self, living: Mapping[str, Tensor], place: Tensor, turn: Tensor) -> tuple[Kind, Tensor]:
        """Splats as files hold them; the missing size of a disc is a thousandth of its larger one."""
        scale = living["scale"]
        if self.axes == 2:
            scale = torch.cat((scale, scale.amax(1, keepdim=True) + torch.tensor(1e-3).log()), 1)
        turn = torch.nn.functional.normalize(turn, dim=1)
        parts = [place, scale, turn, living["opacity"][:, None], living["tint"]]
        if self.degree:
            parts.append(living["sheen"].flatten(1))
        values = torch.cat(parts, 1)
        assert values.shape[1] == GEOMETRY + 3 * (self.degree + 1) ** 2
        return Splats(len(values), self.degree), values
