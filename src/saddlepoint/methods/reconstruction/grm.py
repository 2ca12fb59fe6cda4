"""GRM: a Gaussian for each pixel of four photographs, by a transformer. Xu et al. 2024, arXiv:2403.14621.

Paper                  here
Plücker rays           `plucker`: o x d and d beside the colours of each pixel
encoder                patches of all views side by side, through blocks of attention
upsampler              doublings by pixel shuffle, each with two blocks of attention within windows; channels halve
pixel-aligned splats   `bounded`: a splat on each pixel's ray, its distance and scales between bounds
No code was published. Ours are the upsampler's details, windows that are moved without a mask, bounds of scales that
follow what a pixel covers, and the colours and rays that the last layer has beside its features. Left out is the loss
on masks, which the data does not have; structural dissimilarity stands in for the perceptual loss, whose network does
not come with this library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

from torch import nn

from saddlepoint.config import Count, Layers, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.base import AdamW, Clock, Cosine, Draw, Moves, Networks, Optim, Proof, Update, WarmUp
from saddlepoint.methods.families.reconstruction import ReconstructedSplats, Shown, check_patches
from saddlepoint.nn.backbones.splat_transformer import SplatTransformer
from saddlepoint.nn.render.pixel_splats import NUMBERS, PixelSplats, bounded


@final
@dataclass(frozen=True, kw_only=True)
class GRM(ReconstructedSplats):
    """Unseen things from four photographs, as splats, in one pass of a transformer."""

    checkpoints = ("model.blocks", "model.doubled")
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 8}

    inputs: Count = 4
    """views of a scene that are given"""
    targets: Count = 4
    """other views of each scene that a step compares"""
    patch: Count = 16
    """pixels of a side of a patch: 2, 4, 8 and so on"""
    width: Width = 768
    """numbers that stand for a patch"""
    layers: Layers = 24
    """blocks of attention over the patches of all views"""
    heads: Count = 12
    """heads of attention, which divide the width"""
    window_side: Count = 8
    """places of a side of the windows within which attention works between patches and pixels"""
    lr: Positive = 4e-4
    """highest learning rate (AdamW), which falls to 0 along half a cosine"""
    warmup: Share = 0.05
    """share of the run in which the rate rises from 0"""
    decay: Weight = 0.05
    """weight decay of the matrices"""

    def networks(self, data: DataSpec) -> Networks:
        around = self.around(data)
        check_patches(data, self.patch, self.width, self.heads, self.window_side)
        model = SplatTransformer(self.patch, self.width, self.heads, self.layers, self.window_side, NUMBERS)
        return Networks(model=model, **around)

    def optimisers(self) -> Mapping[str, Optim]:
        rate = WarmUp(Cosine(self.lr, 0.0), self.warmup)
        return {"model": AdamW("model", lr=rate, betas=(0.9, 0.95), weight_decay=self.decay, clip=1.0)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        given, target, _ = self.parted(nets, draw(), draw)
        scenes = self.rebuilt(nets, given)
        yield Update("model", self.likeness(nets, scenes, target), watch={"opacity": scenes.opacity.detach().mean()})

    def rebuilt(self, nets: nn.Module, given: Shown) -> PixelSplats:
        raw = nets.get_submodule("model")(self.with_rays(given))
        return bounded(raw, given.rig, *self.bounds(nets))


# Settings by preset, with where each comes from: the paper, section 4.1.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"resolution": 512, "batch": 256, "patch": 16, "width": 768, "layers": 24, "heads": 12},
    "small": {"batch": 4, "targets": 1, "patch": 4, "width": 64, "layers": 3, "heads": 4, "window_side": 6,
        "lr": 2e-3},  # for a processor
}  # fmt: skip

PROOF = Proof(
    claim="GRM draws unseen toy cars from other sides by four photographs of each, as splats of one pass.",
    data="world:garage",
    measure="unseen-scenes",
    share=0.8,
    settings={**PRESETS["small"], "resolution": 24, "examples": 8_000, "held_out": 0.1},
)
