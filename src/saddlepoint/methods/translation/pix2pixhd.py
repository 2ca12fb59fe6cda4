"""pix2pixHD: large images from layouts, coarse to fine. Wang et al. 2018, arXiv:1711.11585, eq. 3 to 5.

Paper            here
s                source: a label map, with the edges between its regions
x                target
G = {G_1, G_2}   `generator`: `coarse`, and `finer` around it
D_1, D_2, D_3    `critic`, at three scales
lambda           `features`: weight of the critic's inner maps; an output of 1 means real here

The authors train G_1 alone at half the side, then G_2 around it, then both; here both learn from the start. Features of
instances (section 3.4) and the perceptual loss, whose network does not come with this library, are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Layers, LayersOrNone, Natural, Weight, Width
from saddlepoint.data.batches import Batch, DataSpec
from saddlepoint.methods.base import Draw, Networks, Proof
from saddlepoint.methods.families.paired import Paired
from saddlepoint.nn.backbones.coarse_to_fine import CoarseToFine, coarse_to_fine_sizes
from saddlepoint.nn.backbones.feature_critic import FeatureCritic, feature_critic_sizes
from saddlepoint.nn.layers.layout import Layout

_LOOK = 256  # label maps that the colours of classes are learnt from


@final
@dataclass(frozen=True, kw_only=True)
class Pix2PixHD(Paired):
    """Translation of label maps into large photographs, and of any other pairs."""

    over_scales = "sum"
    defaults = {"batch": 1}  # as in the paper

    width: Width = 32
    """the generator's channels at the full side; they double with each enhancer and each halving"""
    halvings: LayersOrNone = 4
    """how often the coarse network halves its side"""
    blocks: Layers = 9
    """residual blocks of the coarse network"""
    enhancers: LayersOrNone = 1
    """networks around the coarse one, each at twice the side; 0 for the coarse one alone, whose width is 64 then"""
    enhancer_blocks: Layers = 3
    """residual blocks of each enhancer"""
    critic_width: Width = 64
    """the discriminators' (critics') channels in the first layer; they double with each, to at most 8 times"""
    critic_layers: Layers = 3
    """layers of the critics that halve"""
    scales: Layers = 3
    """sizes of the image that are judged, each half of the one before, by a critic of its own"""
    features: Weight = 10.0
    """weight of the mean absolute difference of the critics' inner maps to those of the target"""
    classes: Natural = 0
    """colours of the sources that stand for a class each, the most frequent ones: both players get a map for each
    class; 0 gives them the colours as they are"""
    edges: bool = True
    """give both players a map of the edges between regions of different colour"""

    def networks(self, data: DataSpec) -> Networks:
        source, target = data.image("source"), data.image("target")
        sizes = coarse_to_fine_sizes(self.halvings, self.enhancers) & feature_critic_sizes(self.scales)
        sizes.check(target.height, target.width, instead=", or fewer --halvings")
        layout = Layout(source.channels, self.classes, self.edges)
        depth = (self.halvings, self.blocks, self.enhancers, self.enhancer_blocks)
        critic = (layout.width + target.channels, self.critic_width, self.critic_layers, self.scales)
        return Networks(
            layout=layout,
            generator=CoarseToFine(layout.width, target.channels, self.width, *depth),
            critic=FeatureCritic(*critic),
        )

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        """Learn which colours stand for classes."""
        nets.layout.learn(look(_LOOK).tensors()["source"])

    def imitate(self, nets: Networks, batch: Any, draw: Draw) -> Tensor:
        """What the generator makes of the layout."""
        image: Tensor = nets.generator(nets.layout(batch.source))
        return image

    def view(self, nets: Networks, batch: Any, image: Tensor) -> Tensor:
        """Layout and image together."""
        return torch.cat((nets.layout(batch.source), image), 1)

    def matching(self) -> float:
        """See `features`."""
        return self.features

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Sources [n, C, H, W] in [-1, 1] as targets; `seed` changes nothing."""
        image: Tensor = nets.get_submodule("generator")(nets.get_submodule("layout")(images))
        return image


# Settings by preset, with where each comes from: github.com/NVIDIA/pix2pixHD, scripts/*.sh, 200 epochs of 2,975 images.
PRESETS: dict[str, dict[str, Any]] = {
    "512p": {"resolution": "1024x512", "flip": True, "width": 64, "enhancers": 0, "scales": 2, "images": 595_000},
    "1024p": {"resolution": "2048x1024", "flip": True, "scales": 3, "images": 297_500},  # after 512p: 50 + 50 epochs
    "small": {"width": 8, "halvings": 2, "blocks": 3, "critic_width": 16, "scales": 2},  # for a processor
}

PROOF = Proof(
    claim="pix2pixHD learns from pairs to light and colour what it is given as a layout, nearer to the truth than"
    " the best of three naive maps.",
    data="world:labels",
    measure="translation",
    share=3 / 4,
    settings={
        "resolution": 16,
        "images": 24_000,  # after 9,600 seed 0 had .70
        "batch": 16,
        "width": 8,
        "halvings": 1,
        "blocks": 1,
        "enhancer_blocks": 1,
        "critic_width": 12,
        "critic_layers": 2,
        "scales": 2,
        "classes": 7,
        "lr": 2e-3,
    },
)
