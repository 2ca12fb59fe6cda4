"""3-D-aware GANs: images from noise and a camera, learnt from single photographs of many things with their cameras.

`poses` keeps some cameras of the training data, from which samples are taken in turn; `surroundings` knows where all of
them look. A generator takes latents, cameras and the surroundings to images, depth and opacity.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count
from saddlepoint.data.batches import Batch, DataSpec, ViewBatch
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.camera import orbit, pose_of
from saddlepoint.kinds.distances import middles
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.viewpoint import Viewpoint
from saddlepoint.kinds.volume import Volume
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Draw, Networks
from saddlepoint.methods.families.noise import FromNoise
from saddlepoint.methods.families.truncation import truncated
from saddlepoint.nn.render.surroundings import Background, Surroundings

_FIRST = 200  # views that a run measures before it begins
_KEPT = 32  # cameras that samples are seen from
_PLACES = 2**15  # of a field, looked up at once


@final
class Poses(nn.Module):
    """Cameras of the training data, [32, 22]."""

    cameras: Tensor

    def __init__(self) -> None:
        super().__init__()
        turn = torch.arange(_KEPT) / _KEPT * 2 * torch.pi
        self.register_buffer("cameras", orbit(turn, torch.full((_KEPT,), 0.4), 4.0, 40.0, 32))

    def keep(self, camera: Tensor) -> None:
        """Take the first of `camera` [n, 22], around again where there are too few."""
        self.cameras.copy_(camera[torch.arange(_KEPT) % len(camera)])


@dataclass(frozen=True, kw_only=True)
class Posed(FromNoise, ABC):
    """A method with networks `generator`, `surroundings` and `poses`: it `Samples` from a camera."""

    takes = ViewBatch

    latent: Count = 256
    """length of the noise vector"""
    background: Background = "border"
    """what lies behind: the colour of the photographs' borders where these agree, else black"""

    def around(self, data: DataSpec) -> dict[str, nn.Module]:
        """The networks that know the cameras. Raises ConfigError for photographs that are not square and in colour."""
        image = data.image("image")
        if image.channels != 3 or image.height != image.width:
            raise ConfigError(f"this method takes square photographs in colour; the data has {image}.")
        return {"surroundings": Surroundings(), "poses": Poses()}

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        views = look(_FIRST)
        assert isinstance(views, ViewBatch)
        nets.surroundings.measure((views.image.cpu() + 1) / 2, views.camera.cpu(), self.background)
        nets.poses.keep(views.camera.cpu())

    def views_of(
        self, nets: nn.Module, latents: Tensor, camera: Tensor, chance: Tensor | None = None
    ) -> dict[str, Tensor]:
        """What cameras [n, 22] see of latents [n, latent]: "image" in [-1, 1], "depth", "opacity" [n, 1, H, W]."""
        around: Any = nets.get_submodule("surroundings")
        generator: Any = nets.get_submodule("generator")
        views: dict[str, Tensor] = generator(latents, camera, around, chance)
        return views

    def directions_of(self, nets: nn.Module, camera: Tensor) -> Tensor:
        """From where each camera looks: unit vectors from the middle of things.  [n, 22] -> [n, 3]"""
        around: Any = nets.get_submodule("surroundings")
        return torch.nn.functional.normalize(pose_of(camera)[:, :3, 3] - around.centre, dim=1)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """A camera."""
        poses: Any = nets.get_submodule("poses")
        return {"camera": Viewpoint(tuple(poses.cameras.flatten().tolist()))}

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, latent] float32 on the CPU; latent i depends on (seed, i) alone."""
        return normal_rows(n, self.latent, seed, uniform=self.prior == "uniform", first=first)

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Images [n, 3, H, W] in [-1, 1] from the given cameras; all from the first kept one where none is given."""
        self.check_given(how)
        poses: Any = nets.get_submodule("poses")
        camera = how.given["camera"] if "camera" in how.given else poses.cameras[:1].expand(len(latents), -1)
        return self.views_of(nets, truncated(latents, how, self.prior), camera.to(latents.device))["image"].clamp(-1, 1)

    def check_given(self, how: Sampling) -> None:
        if how.label is not None:
            raise CapabilityError("this model was trained without labels and cannot make a chosen class; give none.")

    def draw_chance(self, draw: Draw, n: int, rays: int, samples: int) -> Tensor:
        """Where the samples of a step lie within their parts.  [n rays, samples] in [0, 1)"""
        return draw.uniform(n, rays * samples).view(n * rays, samples)


@dataclass(frozen=True, kw_only=True)
class PosedScene(Posed, ABC):
    """One whose generator makes things in space, and so `Renders` with depth and opacity."""

    def render(self, nets: nn.Module, camera: Tensor, how: Sampling = AS_TRAINED) -> Mapping[str, Tensor]:
        """Views of the first latent of seed 0, and the depth and opacity of each."""
        latents = self.latents(nets, 1, 0).to(camera.device)
        views = [self.views_of(nets, truncated(latents, how, self.prior), one[None]) for one in camera]
        merged = {name: torch.cat([view[name] for view in views]).float() for name in ("image", "depth", "opacity")}
        return {**merged, "image": merged["image"].clamp(-1, 1), "opacity": merged["opacity"].clamp(0, 1)}

    def views(self, nets: nn.Module, n: int) -> Tensor:
        """Cameras once around at the mean distance and height of the trained ones."""
        around: Any = nets.get_submodule("surroundings")
        cameras: Tensor = around.views(n)
        return cameras


@dataclass(frozen=True, kw_only=True)
class PosedField(PosedScene, ABC):
    """One whose generator marches rays through a field: it has `opacity` at places, and so a surface."""

    def at_side(self, nets: nn.Module, side: int, latents: Tensor | None = None) -> tuple[Kind, Tensor]:
        """How much a sample of a ray hides at `side` places along each axis of the cube that cameras look at.

        The surface at one half does not depend on the side. Without latents the first of seed 0.
        """
        generator: Any = nets.get_submodule("generator")
        around: Any = nets.get_submodule("surroundings")
        device = next(generator.parameters()).device
        if latents is None:
            latents = self.latents(nets, 1, 0).to(device)
        places = middles(side).view(-1, 3).to(device).split(_PLACES)
        values = [torch.cat([generator.opacity(one[None], some[None], around)[0] for some in places])
                  for one in latents]  # fmt: skip
        return Volume(1, side, side, side), torch.stack(values).view(-1, 1, side, side, side)
