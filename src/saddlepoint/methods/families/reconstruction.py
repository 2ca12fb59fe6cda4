"""Large reconstruction models: a scene of one or a few photographs with their cameras, by what was learnt of others.

A step takes some views of each scene, makes a scene of them and compares what other cameras see of it. All of it
happens in the frame of the first view that is given: its camera stands at (0, -d, 0), level, and looks at the origin,
as Hong et al. 2024 place it (LRM, arXiv:2311.04400, section 3.2); d is the mean distance of the cameras that were
trained on. A rigid motion of all cameras so changes nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from saddlepoint.config import Count
from saddlepoint.data.batches import Batch, DataSpec, ViewsBatch
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.kinds.camera import looking, pose_of
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.rig import Rig
from saddlepoint.kinds.splats import Splats
from saddlepoint.kinds.views import Views
from saddlepoint.kinds.volume import Volume
from saddlepoint.losses.ssim import ssim
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Draw, Method, Networks
from saddlepoint.nn.backbones.vit import patches_of
from saddlepoint.nn.full_precision import product
from saddlepoint.nn.kernels.splat import draw as drawn
from saddlepoint.nn.kernels.splat import project
from saddlepoint.nn.render.march import Light
from saddlepoint.nn.render.pixel_splats import PixelSplats, plucker
from saddlepoint.nn.render.rays import Rays, pixel_centres, rays_through
from saddlepoint.nn.render.surroundings import Background, Surroundings

_FIRST = 50  # scenes that a run measures before it begins
_ROOM = 1.2  # radii of what is seen, before and behind the middle, within which splats lie
_SIDE = 64  # most voxels of a field's mesh along an axis; else as many as a view has pixels


class Shown(NamedTuple):
    """Views of scenes. view: [n, k, 3, H, W] in [-1, 1]. rig: [n, k, 22], in the frame of the first view."""

    view: Tensor
    rig: Tensor


@dataclass(frozen=True, kw_only=True)
class Reconstruction(Method, ABC):
    """Scenes from a few photographs of each, by what was learnt of others."""

    takes = ViewsBatch
    compiles = ()

    inputs: Count = 1
    """views of a scene that are given"""
    targets: Count = 1
    """other views of each scene that a step compares"""
    background: Background = "border"
    """what lies behind: the colour of the pictures' borders where these agree, else black"""

    def around(self, data: DataSpec) -> dict[str, nn.Module]:
        """The network that knows the cameras. Raises ConfigError for too few views, or for views that are in grey."""
        kind = data.fields["views"]
        assert isinstance(kind, Views)
        if kind.channels != 3:
            raise ConfigError(f"scenes are made of colour views; the data has {kind}.")
        if self.inputs + self.targets > kind.count:
            raise ConfigError(
                f"each scene has {kind.count} views, fewer than the {self.inputs} that are given and the"
                f" {self.targets} that are compared: lower --inputs or --targets."
            )
        return {"surroundings": Surroundings()}

    def image(self, data: DataSpec) -> tuple[int, int]:
        """Height and width of a view."""
        _, _, height, width = data.fields["views"].shape
        return height, width

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        scenes = look(_FIRST)
        assert isinstance(scenes, ViewsBatch)
        views, rig = scenes.views.cpu().flatten(0, 1), scenes.rig.cpu().flatten(0, 1)
        nets.surroundings.measure((views + 1) / 2, rig, self.background)

    def parted(self, nets: nn.Module, scenes: ViewsBatch, draw: Draw) -> tuple[Shown, Shown, Tensor]:
        """The views that are given and those that are compared, chosen at random, with the numbers of the latter
        [n, t]."""
        n, count = scenes.rig.shape[:2]
        order = draw.uniform(n, count).argsort(1)[:, : self.inputs + self.targets]
        row = torch.arange(n, device=order.device)[:, None]
        view, rig = scenes.views[row, order], self.at_home(nets, scenes.rig[row, order])
        k = self.inputs
        return Shown(view[:, :k], rig[:, :k]), Shown(view[:, k:], rig[:, k:]), order[:, k:]

    def at_home(self, nets: nn.Module, rig: Tensor) -> Tensor:
        """Cameras [n, k, 22] in the frame of the first of each row."""
        around: Any = nets.get_submodule("surroundings")
        middle = torch.zeros_like(around.centre)
        home = looking(-around.distance * around.distance.new_tensor([[0.0, 1.0, 0.0]]), middle)
        pose = pose_of(rig)
        return torch.cat((product(product(home, inverse(pose[:, :1])), pose).flatten(2), rig[..., 16:]), 2)

    @abstractmethod
    def rebuilt(self, nets: nn.Module, given: Any) -> Any:
        """The scenes of given views, in whatever form the method keeps them."""

    @abstractmethod
    def seen(self, nets: nn.Module, scene: Any, camera: Tensor) -> dict[str, Tensor]:
        """What a camera [22] sees of the only scene: "image" [3, H, W] in [0, 1], "depth", "opacity" [1, H, W]."""

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def shown(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """Views with their cameras."""
        _, channels, height, width = spec.fields["views"].shape
        return {"views": Views(self.inputs, channels, height, width), "rig": Rig(self.inputs)}

    def render(self, nets: nn.Module, camera: Tensor, how: Sampling = AS_TRAINED) -> Mapping[str, Tensor]:
        """Views [n, 3, H, W] in [-1, 1] of what the given views show, each scene being made once where rows repeat.

        Raises CapabilityError where none is given.
        """
        if not {"views", "rig"} <= how.given.keys():
            raise CapabilityError("this model makes a scene of given views: give `views` and `rig`.")
        given = {name: values.to(camera.device) for name, values in how.given.items()}
        each: list[dict[str, Tensor]] = []
        scene: Any = None
        for row in range(len(camera)):
            one = {name: values[row : row + 1] for name, values in given.items()}
            if not row or any(not torch.equal(values[0], given[name][row - 1]) for name, values in one.items()):
                scene = self.rebuilt(nets, self.given(nets, one))
            both = torch.cat((one["rig"], camera[row][None, None]), 1)
            each.append(self.seen(nets, scene, self.at_home(nets, both)[0, -1]))
        merged = {name: torch.stack([view[name] for view in each]).float() for name in each[0]}
        opacity = merged["opacity"].clamp(0, 1)
        return {"image": (merged["image"] * 2 - 1).clamp(-1, 1), "depth": merged["depth"], "opacity": opacity}

    def given(self, nets: nn.Module, fields: Mapping[str, Tensor]) -> Any:
        """What `rebuilt` takes, of the inputs of a task."""
        return Shown(fields["views"], self.at_home(nets, fields["rig"]))

    def views(self, nets: nn.Module, n: int) -> Tensor:
        """Cameras once around at the mean distance and lift of the trained ones."""
        around: Any = nets.get_submodule("surroundings")
        cameras: Tensor = around.views(n)
        return cameras


def inverse(pose: Tensor) -> Tensor:
    """World to camera of camera to world, or the other way round.  [..., 4, 4]"""
    turned = pose[..., :3, :3].mT
    upper = torch.cat((turned, product(-turned, pose[..., :3, 3:])), -1)
    return torch.cat((upper, pose[..., 3:, :]), -2)


@dataclass(frozen=True, kw_only=True)
class ReconstructedField(Reconstruction, ABC):
    """One whose scenes are fields that rays are marched through, within a cube around the origin."""

    rays_at_once: ClassVar[int] = 4096
    """rays that a view is rendered by at a time"""

    @abstractmethod
    def light(self, nets: nn.Module, scene: Any, rays: Rays, chance: Tensor | None) -> Light:
        """What comes along rays, as many of each scene and scene by scene, without the background. chance: [R, S] in
        [0, 1) where samples are drawn at random."""

    @abstractmethod
    def density(self, nets: nn.Module, scene: Any, place: Tensor) -> Tensor:
        """Densities at places [n, P, 3] of each scene, in units of the world.  [n, P]"""

    def seen(self, nets: nn.Module, scene: Any, camera: Tensor) -> dict[str, Tensor]:
        around: Any = nets.get_submodule("surroundings")
        width, height = (int(number) for number in camera[20:].tolist())
        rays = rays_through(camera[None], pixel_centres(height, width).to(camera.device)[None])
        parts = [
            self.light(nets, scene, rays.part(slice(begin, begin + self.rays_at_once)), None)
            for begin in range(0, len(rays), self.rays_at_once)
        ]
        picture = torch.cat([light.over(around.behind) for light in parts])
        opacity = torch.cat([light.opacity for light in parts])
        depth = torch.cat([light.distance for light in parts]) * rays.cosine
        shape = (1, height, width)
        return {
            "image": picture.T.reshape(3, height, width),
            "depth": depth.view(shape),
            "opacity": opacity.view(shape),
        }

    def rebuild(self, nets: nn.Module, given: Mapping[str, Tensor]) -> tuple[Kind, Tensor]:
        """Scenes as grids of how much light a voxel stops, along the axes of the first view's frame."""
        around: Any = nets.get_submodule("surroundings")
        side = min(_SIDE, int(around.lens[4:].max()))
        line = ((torch.arange(side, device=around.radius.device) + 0.5) / side * 2 - 1) * around.radius
        z, y, x = torch.meshgrid(line, line, line, indexing="ij")
        place = torch.stack((x, y, z), -1).view(1, -1, 3)
        grids = []
        for row in range(len(given["rig"])):
            one = {name: values[row : row + 1] for name, values in given.items()}
            scene = self.rebuilt(nets, self.given(nets, one))
            parts = [self.density(nets, scene, part) for part in place.split(16 * self.rays_at_once, 1)]
            thickness = 2 * (2 * around.radius / side)  # half of the light is stopped within two voxels of a surface
            grids.append(-torch.expm1(-torch.cat(parts, 1) * thickness).view(1, side, side, side))
        return Volume(1, side, side, side), torch.stack(grids).float()


@dataclass(frozen=True, kw_only=True)
class ReconstructedSplats(Reconstruction, ABC):
    """One whose scenes are Gaussians, some for each pixel of the given views."""

    ssim_weight: ClassVar[float] = 0.5
    """of structural dissimilarity, in place of a perceptual loss, whose network does not come with this library"""

    @abstractmethod
    def rebuilt(self, nets: nn.Module, given: Any) -> PixelSplats:
        """The splats of each scene."""

    def with_rays(self, given: Shown) -> Tensor:
        """Views beside the rays of their pixels.  [n, k, 9, H, W]"""
        return torch.cat((given.view, plucker(given.rig)), 2)

    def bounds(self, nets: nn.Module) -> tuple[Tensor, Tensor]:
        """Distances from a camera between which all of a scene lies."""
        around: Any = nets.get_submodule("surroundings")
        return (around.distance - _ROOM * around.radius).clamp_min(0.05), around.distance + _ROOM * around.radius

    def view(self, nets: nn.Module, scene: PixelSplats, camera: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What a camera [22] sees of one scene: [3, H, W] in about [0, 1], opacity and depth [H, W]."""
        around: Any = nets.get_submodule("surroundings")
        pose, lens = camera[:16].view(4, 4), camera[16:]
        width, height = (int(number) for number in lens[4:].tolist())
        splats = project(scene.place, scene.scale, scene.turn, pose, lens)
        return drawn(splats, scene.colour(pose), scene.opacity, around.behind, height, width)

    def likeness(self, nets: nn.Module, scenes: PixelSplats, target: Shown) -> dict[str, Tensor]:
        """The losses of all pictures of scenes beside the true ones, with what they hide."""
        pictures, true = [], (target.view + 1) / 2
        for number, cameras in enumerate(target.rig):
            pictures += [self.view(nets, scenes.row(number), camera)[0] for camera in cameras]
        picture, true = torch.stack(pictures), true.flatten(0, 1)
        return {
            "squared": (picture - true).square().mean(),
            "dissimilarity": self.ssim_weight * (1 - ssim(picture, true)),
        }

    def seen(self, nets: nn.Module, scene: PixelSplats, camera: Tensor) -> dict[str, Tensor]:
        picture, opacity, depth = self.view(nets, scene.row(0), camera)
        return {"image": picture, "depth": depth[None], "opacity": opacity[None]}

    def rebuild(self, nets: nn.Module, given: Mapping[str, Tensor]) -> tuple[Kind, Tensor]:
        """Scenes as splats, in the first view's frame."""
        scenes = self.rebuilt(nets, self.given(nets, given))
        values = scenes.stored()
        return Splats(values.shape[1], scenes.degree), values


def check_patches(data: DataSpec, patch: int, width: int, heads: int, window: int) -> None:
    """Raises ConfigError for sizes that do not go together."""
    if patch & (patch - 1) or patch < 2:
        raise ConfigError(f"--patch {patch}: patches are doubled back to pixels, so it must be 2, 4, 8 and so on.")
    if width % heads or width % patch:
        raise ConfigError(f"a width of {width} must be divided by {heads} heads, and by --patch {patch}, to be halved.")
    kind = data.fields["views"]
    assert isinstance(kind, Views)
    rows, columns = patches_of(kind.one, patch)
    for places in (2 * rows, 2 * columns):
        if places % min(window, places):
            raise ConfigError(f"windows of {window} places do not divide {places}: use another --window-side.")
