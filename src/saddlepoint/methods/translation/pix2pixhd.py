"""pix2pixHD: large images from layouts, coarse to fine. Wang et al. 2018, arXiv:1711.11585, eq. 3 to 5.

Paper            here
s                source: a label map, with the edges between its regions
x                target
G = {G_1, G_2}   `generator`: `coarse`, and `finer` around it
D_1, D_2, D_3    `critic`, at three scales
E                `encoder`, where `looks` is more than 0: numbers that tell the generator what each region looks like;
                 they are drawn afterwards, or taken from a reference image. A region is all pixels of one colour
lambda           `features`: weight of the critic's inner maps; an output of 1 means real here

The authors train G_1 alone at half the side, then G_2 around it, then both; here both learn from the start. The
perceptual loss, whose network does not come with this library, is left out. Looks are drawn from a Gaussian for each
class, in place of ten centres of K-means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Layers, LayersOrNone, Natural, Weight, Width
from saddlepoint.data.batches import Batch, DataSpec
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.keyed import normal_rows
from saddlepoint.methods.base import Adam, Clock, Draw, Linear, Networks, Optim, Proof
from saddlepoint.methods.families.paired import Paired
from saddlepoint.methods.families.restorer import same_size
from saddlepoint.nn.backbones.coarse_to_fine import CoarseToFine, coarse_to_fine_sizes
from saddlepoint.nn.backbones.feature_critic import FeatureCritic, feature_critic_sizes
from saddlepoint.nn.backbones.region_encoder import Looks, RegionEncoder, regions_of
from saddlepoint.nn.layers.layout import Layout

_LOOK = 256  # label maps that the colours of classes are learnt from
_NEW = 0.02
"""share of a step in what is kept of looks"""


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
    looks: Natural = 0
    """numbers that tell what each region looks like, 3 in the paper; 0 for none. They need --classes"""
    encoder_width: Width = 16
    """the channels at the full side of the encoder that finds them"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.looks and not self.classes:
            raise ConfigError("looks are kept for each class: say how many classes there are by --classes.")

    def networks(self, data: DataSpec) -> Networks:
        source, target = data.image("source"), data.image("target")
        same_size(source, target, "pix2pixhd")
        encoder = RegionEncoder(target.channels, self.looks, self.encoder_width, self.halvings) if self.looks else None
        sizes = coarse_to_fine_sizes(self.halvings, self.enhancers) & feature_critic_sizes(self.scales)
        sizes = sizes & encoder.sizes if encoder is not None else sizes
        sizes.check(target.height, target.width, instead=", or fewer --halvings")
        layout = Layout(source.channels, self.classes, self.edges)
        depth = (self.halvings, self.blocks, self.enhancers, self.enhancer_blocks)
        critic = (layout.width + target.channels, self.critic_width, self.critic_layers, self.scales)
        generator = CoarseToFine(layout.width + self.looks, target.channels, self.width, *depth)
        nets: dict[str, nn.Module] = {"layout": layout, "generator": generator}
        if encoder is not None:
            nets |= {"encoder": encoder, "kept": Looks(self.classes, self.looks)}
        return Networks(**nets, critic=FeatureCritic(*critic))

    def optimisers(self) -> Mapping[str, Optim]:
        optimisers = dict(super().optimisers())
        if self.looks:
            rate = Linear(self.lr, after=self.decay_after)
            optimisers["generator"] = Adam("generator", "encoder", lr=rate, betas=(self.beta1, 0.999))
        return optimisers

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        """Learn which colours stand for classes."""
        nets.layout.learn(look(_LOOK).tensors()["source"])

    def imitate(self, nets: Networks, batch: Any, draw: Draw) -> Tensor:
        """What the generator makes of the layout, told the looks of the target's regions where these are learnt."""
        layout = nets.layout(batch.source)
        if self.looks:
            layout = torch.cat((layout, nets.encoder(batch.target, regions_of(batch.source))), 1)
        image: Tensor = nets.generator(layout)
        return image

    def figures(self, nets: Networks, batch: Any) -> Mapping[str, Tensor]:
        """What regions of each class look like."""
        if not self.looks:
            return {}
        with torch.no_grad():
            looks = nets.encoder(batch.target, regions_of(batch.source))
        return {"looks": nets.kept.sums(looks, nets.layout.numbers(batch.source))}

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> None:
        """Keep what regions look like."""
        if self.looks:
            nets.kept.move(report["generator/looks"], _NEW)

    def view(self, nets: Networks, batch: Any, image: Tensor) -> Tensor:
        """Layout and image together."""
        return torch.cat((nets.layout(batch.source), image), 1)

    def matching(self) -> float:
        """See `features`."""
        return self.features

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Sources [n, C, H, W] in [-1, 1] as targets; `seed` draws looks, the same of a class in all images."""
        layout: Any = nets.get_submodule("layout")
        maps: Tensor = layout(images)
        if self.looks:
            kept: Any = nets.get_submodule("kept")
            noise = normal_rows(self.classes, self.looks, seed).to(images.device)
            maps = torch.cat((maps, kept.drawn(layout.numbers(images), noise)), 1)
        image: Tensor = nets.get_submodule("generator")(maps)
        return image

    def translate_like(self, nets: nn.Module, images: Tensor, reference: Tensor, origin: str) -> Tensor:
        """Layouts [n, C, H, W] in [-1, 1] whose regions look as the reference [n, C, H, W] does at the same places.

        Raises CapabilityError where the model was trained without looks.
        """
        if not self.looks:
            raise CapabilityError("this model was trained without looks: train one with --looks 3 for references.")
        maps = nets.get_submodule("layout")(images)
        looks = nets.get_submodule("encoder")(reference, regions_of(images))
        image: Tensor = nets.get_submodule("generator")(torch.cat((maps, looks), 1))
        return image


# Settings by preset, with where each comes from: github.com/NVIDIA/pix2pixHD, scripts/*.sh, 200 epochs of 2,975 images.
PRESETS: dict[str, dict[str, Any]] = {
    "512p": {"resolution": "1024x512", "flip": True, "width": 64, "enhancers": 0, "scales": 2, "images": 595_000},
    "1024p": {"resolution": "2048x1024", "flip": True, "scales": 3, "images": 297_500},  # after 512p: 50 + 50 epochs
    "looks": {  # 512p_feat, of Cityscapes' 35 classes
        "resolution": "1024x512",
        "flip": True,
        "width": 64,
        "enhancers": 0,
        "scales": 2,
        "classes": 35,
        "looks": 3,
        "images": 595_000,
    },
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
