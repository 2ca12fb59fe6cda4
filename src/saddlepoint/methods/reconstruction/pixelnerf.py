"""pixelNeRF: a radiance field of one or few photographs, learnt from other scenes. Yu et al. 2021, arXiv:2012.02190.

Paper    here
W, E     `encoder`: maps of a ResNet's first layer and three stages, which places are projected onto
f        `coarse` and `fine`: residual networks of place and direction in each view's axes; the views are averaged
pi(x)    `at_pixels`, in nn/backbones/pixelnerf.py
Other than in the paper: the ResNet begins at random, since no pretrained network comes with this library; densities are
softplus(x - 1) instead of ReLU, which may stay at zero forever (issue 45 of the authors' code); rays are marched within
a cube instead of between two distances; and a place in a view's axes is counted from the middle of the cube.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NamedTuple, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Natural, Positive, Range, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.kinds.camera import pose_of
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.reconstruction import ReconstructedField, Shown
from saddlepoint.nn.backbones.pixelnerf import PixelFeatures, ViewMLP, at_pixels
from saddlepoint.nn.full_precision import product
from saddlepoint.nn.layers.frequencies import frequencies
from saddlepoint.nn.render.march import Light, by_weight, composite, lengths, stratified
from saddlepoint.nn.render.rays import Rays, crossing, rays_through

_OCTAVES = 6
_FACTOR = 1.5  # of the lowest frequency, in radians a unit
_AROUND = 0.01  # deviation of the samples around the coarse pass's depth, in units of the world
_EMPTY = 0.02  # difference of a pixel from the background from where on it shows something
_LEAST = 1e-3  # depth before a camera at which what lies behind it is projected


class _Scene(NamedTuple):
    """maps: [n, k, C, h, w]. rig: [n, k, 22]."""

    maps: Tensor
    rig: Tensor


@final
@dataclass(frozen=True, kw_only=True)
class PixelNeRF(ReconstructedField):
    """Unseen things from one photograph or a few, each place being looked up where the photographs show it."""

    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 4}

    rays: Count = 128
    """rays that a step draws from each scene"""
    coarse_samples: Annotated[int, Range(least=4, most=1_000)] = 64
    """samples along a ray in the first pass"""
    fine_samples: Natural = 16
    """samples in the second pass where the light of the first came from"""
    depth_samples: Natural = 16
    """samples in the second pass around the depth that the first one has"""
    maps_width: Width = 64
    """channels of the encoder's first layer; its stages have once, twice and four times as many"""
    maps_blocks: tuple[Count, Count, Count] = (3, 4, 6)
    """blocks of the encoder's three stages"""
    width: Width = 512
    """width of the residual networks"""
    blocks: Count = 5
    """blocks of each"""
    joined: Count = 3
    """blocks before which the image's features are added, and after which the views are averaged"""
    box_steps: Natural = 100_000
    """steps in which rays are drawn within the box around what is no background"""
    lr: Positive = 1e-4
    """learning rate (Adam)"""

    def networks(self, data: DataSpec) -> Networks:
        around = self.around(data)
        encoder = PixelFeatures(max(self.image(data)), self.maps_width, self.maps_blocks)
        inputs = 3 * (1 + 2 * _OCTAVES) + 3
        fields = {
            name: ViewMLP(inputs, encoder.outputs, self.width, self.blocks, self.joined) for name in ("coarse", "fine")
        }
        return Networks(encoder=encoder, **fields, **around)

    def optimisers(self) -> Mapping[str, Optim]:
        return {"field": Adam("encoder", "coarse", "fine", lr=self.lr)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        given, target, _ = self.parted(nets, draw(), draw)
        scene = self.rebuilt(nets, given)
        n, t = target.rig.shape[:2]
        chance = draw.uniform(n, self.rays, 3)
        view = (chance[..., 0] * t).long()  # [n, R]
        row = torch.arange(n, device=view.device)[:, None]
        images = (target.view + 1) / 2
        low, high = self._box(nets, images, whole=clock.step >= self.box_steps)  # [n, t, 2] each
        start, end = low[row, view], high[row, view]
        pixel = torch.minimum((start + chance[..., 1:] * (end - start)).floor(), end - 1)
        true = images[row, view, :, pixel[..., 1].long(), pixel[..., 0].long()].flatten(0, 1)
        rays = rays_through(target.rig[row, view].flatten(0, 1), (pixel + 0.5).flatten(0, 1)[:, None])
        samples = self.coarse_samples + self.fine_samples + self.depth_samples
        within = draw.uniform(n, self.rays * samples).view(n * self.rays, samples)
        first, second = self.passes(nets, scene, rays, within)
        behind = nets.surroundings.behind
        yield Update("field", {name: F.mse_loss(light.over(behind), true)
                               for name, light in (("coarse", first), ("fine", second))})  # fmt: skip

    def _box(self, nets: Networks, images: Tensor, *, whole: bool) -> tuple[Tensor, Tensor]:
        """Corners of the box around what is no background, x and y in whole pixels.  [n, t, 3, H, W] -> [n, t, 2] twice

        whole: of all of the picture, as is that of a view that shows nothing.
        """
        shows = (images - nets.surroundings.behind[:, None, None]).abs().amax(2) > _EMPTY  # [n, t, H, W]
        size = torch.tensor([images.shape[4], images.shape[3]], device=images.device)
        lows, highs = [], []
        for axis in (2, 3):  # what columns show, over rows; then rows
            line = shows.any(axis)
            empty = (~line.any(2, keepdim=True)) | whole
            line = line | empty
            places = torch.arange(line.shape[2], device=line.device)
            lows.append(torch.where(line, places, line.shape[2]).amin(2))
            highs.append(torch.where(line, places + 1, 0).amax(2))
        return torch.stack(lows, 2), torch.minimum(torch.stack(highs, 2), size)

    def rebuilt(self, nets: nn.Module, given: Shown) -> _Scene:
        maps = nets.get_submodule("encoder")(given.view.flatten(0, 1))
        return _Scene(maps.unflatten(0, given.rig.shape[:2]), given.rig)

    def passes(self, nets: nn.Module, scene: _Scene, rays: Rays, chance: Tensor | None) -> tuple[Light, Light]:
        """The light of the coarse samples, and of all. chance: [R, all samples] in [0, 1); None for the middles."""
        around: Any = nets.get_submodule("surroundings")
        near, far = crossing(rays, torch.zeros_like(around.centre), around.radius)
        counts = (self.coarse_samples, self.fine_samples, self.depth_samples)
        parts: list[Tensor | None] = [None] * 3 if chance is None else list(chance.split(counts, 1))
        distance = stratified(near, far, self.coarse_samples, parts[0])
        first = self._lit(nets, "coarse", scene, rays, distance, far)
        share = torch.arange(self.coarse_samples + 1, device=near.device) / self.coarse_samples
        edges = near[:, None] + (far - near)[:, None] * share
        fine, depth = (self._even(part, count, near) for part, count in zip(parts[1:], counts[1:]))
        more = by_weight(edges, first.weight, fine)
        spread = math.sqrt(2) * torch.erfinv((2 * depth - 1).clamp(-0.999, 0.999)) * _AROUND
        beside = torch.minimum(torch.maximum(first.distance.detach()[:, None] + spread, near[:, None]), far[:, None])
        distance = torch.cat((distance, more, beside), 1).sort(1).values
        return first, self._lit(nets, "fine", scene, rays, distance, far)

    def _even(self, chance: Tensor | None, count: int, like: Tensor) -> Tensor:
        """Numbers in [0, 1) for each ray: those that were drawn, or evenly apart.  [R, count]"""
        if chance is not None:
            return chance
        return ((torch.arange(count, device=like.device) + 0.5) / max(count, 1)).expand(len(like), -1)

    def _lit(self, nets: nn.Module, name: str, scene: _Scene, rays: Rays, distance: Tensor, far: Tensor) -> Light:
        n, samples = len(scene.rig), distance.shape[1]
        place = rays.at(distance).view(n, -1, 3)
        ahead = rays.ahead[:, None].expand(-1, samples, -1).reshape(n, -1, 3)
        density, colour = self.field(nets, name, scene, place, ahead)
        return composite(density.view_as(distance), colour.view(*distance.shape, 3), lengths(distance, far), distance)

    def field(self, nets: nn.Module, name: str, scene: _Scene, place: Tensor, ahead: Tensor) -> tuple[Tensor, Tensor]:
        """Densities [n, P] and colours [n, P, 3] at places [n, P, 3] that are seen in directions [n, P, 3].

        name: "coarse" or "fine".
        """
        pose, lens = pose_of(scene.rig), scene.rig[..., 16:]  # [n, k, ...]
        turned = product(place[:, None], pose[..., :3, :3])  # in each view's axes, from the middle of the cube
        own = turned - product(pose[..., None, :3, 3], pose[..., :3, :3])
        depth = own[..., 2:].clamp_min(_LEAST)
        pixel = own[..., :2] / depth * lens[..., None, :2] + lens[..., None, 2:4]
        size = (int(lens[0, 0, 5]), int(lens[0, 0, 4]))
        maps = at_pixels(scene.maps.flatten(0, 1), pixel.flatten(0, 1), size).unflatten(0, pixel.shape[:2])
        waves = frequencies(turned * (_FACTOR / math.pi), _OCTAVES)[..., 3:]
        inputs = torch.cat((turned, waves, product(ahead[:, None], pose[..., :3, :3])), -1)
        raw = nets.get_submodule(name)(maps, inputs)
        return F.softplus(raw[..., 3] - 1), raw[..., :3].sigmoid()

    def light(self, nets: nn.Module, scene: Any, rays: Rays, chance: Tensor | None) -> Light:
        return self.passes(nets, scene, rays, chance)[1]

    def density(self, nets: nn.Module, scene: Any, place: Tensor) -> Tensor:
        ahead = torch.zeros_like(place)
        ahead[..., 1] = 1  # densities depend on it in this method; the first view's own direction
        return self.field(nets, "fine", scene, place, ahead)[0]


# Settings by preset, with where each comes from: github.com/sxyu/pixel-nerf, conf/default_mv.conf, conf/exp/sn64.conf.
PRESETS: dict[str, dict[str, Any]] = {
    "shapenet": {"resolution": 64, "batch": 4, "examples": 1_600_000},
    "two-views": {"resolution": 128, "batch": 4, "inputs": 2, "examples": 1_600_000},  # cars and chairs, section 5.1.1
    "small": {"batch": 8, "rays": 64, "coarse_samples": 16, "fine_samples": 8, "depth_samples": 4, "maps_width": 12,
        "maps_blocks": (1, 1, 1), "width": 64, "blocks": 3, "joined": 2, "box_steps": 1_500,
        "lr": 1e-3},  # for a processor
}  # fmt: skip

PROOF = Proof(
    claim="pixelNeRF draws unseen toy cars from other sides by one photograph of each.",
    data="world:garage",
    measure="unseen-scenes",
    share=0.72,
    settings={**PRESETS["small"], "examples": 16_000, "held_out": 0.1},
)
