"""Long-LRM: splats of many photographs by state spaces and little attention. Ziwen et al. 2024, arXiv:2410.12781.

Paper                      here
7 Mamba2 : 1 transformer   `LongSplatNetwork`, its state spaces read in both directions with the same weights
token merging              four neighbours become one token of four times the width before block `merge`
Gaussian pruning           `keep`: of the most opaque splats nine tenths, the rest at random while training
opacity, depth losses      mean opacity; differences of disparities that are brought to one middle and spread
Two parts are ours, since no pretrained network comes with this library: disparities are compared with those that the
scene itself is drawn with, where the paper has another network's estimate; and structural dissimilarity stands in for
the perceptual loss. The paper's bounds of distances and scales are for scenes of its own size: `reach`, `first_scale`
and `largest_scale` set them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Finite, Layers, Natural, Positive, Range, Share, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.views import Views
from saddlepoint.losses.disparity import disparity_distance
from saddlepoint.methods.base import AdamW, Clock, Cosine, Draw, Moves, Networks, Optim, Proof, Update, WarmUp
from saddlepoint.methods.families.reconstruction import ReconstructedSplats, Shown
from saddlepoint.nn.backbones.splat_transformer import LongSplatNetwork
from saddlepoint.nn.backbones.vit import patches_of
from saddlepoint.nn.full_precision import product
from saddlepoint.nn.render.pixel_splats import PixelSplats, unbounded

_RANDOM = 0.1  # share of the splats that are kept in training, whatever their opacity


@final
@dataclass(frozen=True, kw_only=True)
class LongLRM(ReconstructedSplats):
    """Scenes from many photographs at once, in a time that grows with their number and not its square."""

    checkpoints = ("model.blocks",)
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 8}

    inputs: Count = 32
    """views of a scene that are given"""
    targets: Count = 8
    """other views of each scene that a step compares"""
    patch: Count = 8
    """pixels of a side of a patch"""
    width: Width = 256
    """numbers that stand for a patch; four times as many once patches are merged"""
    layers: Layers = 24
    """blocks, of which each eighth is attention and all others are state spaces"""
    merge: Natural = 9
    """blocks before four neighbouring patches become one"""
    heads: Count = 16
    """heads of attention, which divide the width"""
    state: Width = 256
    """numbers that the state keeps of each of a block's numbers"""
    head: Width = 64
    """numbers of a head of the state spaces, which divides twice the width"""
    degree: Annotated[int, Range(least=0, most=3)] = 3
    """of the spherical harmonics of a colour: 0 to 3"""
    reach: Positive = 500.0
    """largest distance of a splat from its camera"""
    first_scale: Finite = -6.9
    """logarithm of the scales that splats begin with"""
    largest_scale: Finite = -1.2
    """largest logarithm of a scale"""
    keep: Annotated[float, Range(above=0, most=1)] = 0.4
    """share of the splats that are kept"""
    opacity_weight: Weight = 0.1
    """weight of the mean opacity, which frees splats that are not needed"""
    depth_weight: Weight = 0.01
    """weight of the difference between the disparities of pixels and those that the scene is drawn with"""
    lr: Positive = 4e-4
    """highest learning rate (AdamW), which falls to 0 along half a cosine"""
    warmup: Share = 0.05
    """share of the run in which the rate rises from 0"""
    decay: Weight = 0.05
    """weight decay of the matrices"""

    def networks(self, data: DataSpec) -> Networks:
        around = self.around(data)
        if self.width % self.heads or (2 * self.width) % self.head:
            raise ConfigError(
                f"a width of {self.width} must be divided by {self.heads} heads, and twice that by --head {self.head}."
            )
        kind = data.fields["views"]
        assert isinstance(kind, Views)
        patches_of(kind.one, 2 * self.patch)
        numbers = 11 + 3 * (self.degree + 1) ** 2
        sizes = (self.patch, self.width, self.heads, self.layers, min(self.merge, self.layers - 1))
        return Networks(model=LongSplatNetwork(*sizes, self.state, self.head, numbers), **around)

    def optimisers(self) -> Mapping[str, Optim]:
        rate = WarmUp(Cosine(self.lr, 0.0), self.warmup)
        return {"model": AdamW("model", lr=rate, betas=(0.9, 0.95), weight_decay=self.decay, clip=10.0)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        given, target, _ = self.parted(nets, draw(), draw)
        scenes = self.splats(nets, given)
        n, count = scenes.opacity.shape
        pruned = scenes.kept(self.chosen(scenes.opacity, draw.uniform(n, count)))
        losses = self.likeness(nets, pruned, target)
        losses["opacity"] = self.opacity_weight * scenes.opacity.mean()
        if self.depth_weight:
            losses["depth"] = self.depth_weight * self._depth(nets, scenes, pruned, given, draw)
        yield Update("model", losses)

    def _depth(self, nets: Networks, scenes: PixelSplats, pruned: PixelSplats, given: Shown, draw: Draw) -> Tensor:
        """Of one given view of each scene, by chance: its pixels' depths beside those that the scene is drawn with."""
        n, k = given.rig.shape[:2]
        height, width = given.view.shape[3:]
        view = (draw.uniform(n) * k).long()
        depths, drawn = [], []
        for number, which in enumerate(view.tolist()):
            camera = given.rig[number, which]
            pose = camera[:16].view(4, 4)
            places = scenes.place[number].unflatten(0, (k, height * width))[which]
            depths.append(product(places - pose[:3, 3], pose[:3, 2]).view(height, width))
            with torch.no_grad():
                _, opacity, depth = self.view(nets, pruned.row(number), camera)
                drawn.append(torch.where(opacity > 0.5, depth, torch.zeros_like(depth)))
        return disparity_distance(torch.stack(depths), torch.stack(drawn))

    def chosen(self, opacity: Tensor, chance: Tensor | None) -> Tensor:
        """Which splats are kept, of opacities [n, P]: int64 [n, Q].

        chance: [n, P] in [0, 1): a tenth of those that are kept are then drawn at random among the rest; None for the
        most opaque alone.
        """
        count = max(1, round(self.keep * opacity.shape[1]))
        random = 0 if chance is None else round(_RANDOM * count)
        best = opacity.detach().topk(count - random, 1).indices
        if chance is None or not random:
            return best
        return torch.cat((best, chance.scatter(1, best, -1.0).topk(random, 1).indices), 1)

    def splats(self, nets: nn.Module, given: Shown) -> PixelSplats:
        """All splats of all pixels, view by view and row by row."""
        raw = nets.get_submodule("model")(self.with_rays(given))
        return unbounded(raw, given.rig, self.reach, self.first_scale, self.largest_scale)

    def rebuilt(self, nets: nn.Module, given: Shown) -> PixelSplats:
        scenes = self.splats(nets, given)
        return scenes.kept(self.chosen(scenes.opacity, None))


# Settings by preset, with where each comes from: the paper, section 4, and the configurations of its code.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"resolution": "960x544", "batch": 64, "keep": 0.4},  # patches do not divide 540 rows
    "paper-first": {"resolution": 256, "batch": 256, "keep": 1.0, "opacity_weight": 0.0},
    "small": {"batch": 4, "inputs": 4, "targets": 1, "patch": 4, "width": 24, "layers": 8, "merge": 4, "heads": 4,
        "state": 16, "head": 16, "degree": 0, "reach": 6.0, "first_scale": -3.2, "lr": 2e-3},  # for a processor
}  # fmt: skip

PROOF = Proof(
    claim="Long-LRM draws unseen toy cars from other sides by six photographs of each, by two fifths of their splats.",
    data="world:garage",
    measure="unseen-scenes",
    share=0.8,
    settings={**PRESETS["small"], "inputs": 6, "resolution": 24, "examples": 5_000, "held_out": 0.1},
)
