"""AttentionGAN: translation that leaves alone what need not change. Tang et al. 2021, arXiv:1911.11897, eq. 3 to 11.

Paper            here
G: X -> Y, F     `a2b`, `b2a`
C_y^f, A_y^f     images and masks of which a translation is the sum: `parts` and `parts` + 1
D_Y, D_X         `critic_b`, `critic_a`
lambda_cycle     `cycle`
lambda_id        `identity`

The form with a whole-image critic is meant (scheme II without the critic of masked images).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from torch import Tensor, nn

from saddlepoint.config import Count, Layers, LayersOrNone, Natural, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.base import Clock, Draw, Moves, Networks, Proof
from saddlepoint.methods.families.two_way import OTHER, TwoWay
from saddlepoint.nn.backbones.attention_translator import AttentionTranslator
from saddlepoint.nn.backbones.patchgan import PatchCritic, fewer_halvings, patch_sizes
from saddlepoint.nn.backbones.resnet_translator import ResNetTranslator
from saddlepoint.nn.layers.image_pool import ImagePool
from saddlepoint.nn.layers.norm import Norm


@final
@dataclass(frozen=True, kw_only=True)
class AttentionGAN(TwoWay):
    """Translation both ways where a part of the image changes: horses and zebras on meadows that stay."""

    batch_statistics = True
    defaults = {"batch": 1}  # as in the paper

    blocks: Layers = 9
    """residual blocks of each generator: 9 for images of 256 pixels, 6 for 128"""
    parts: Count = 9
    """images that a translation is the sum of, beside the given one; each has a mask"""
    kept: Weight = 0.0
    """the given image's share of the masks at first, as a logit; with 2 a translation starts out as mostly the image"""
    generator_width: Width = 64
    """the generators' channels at the full side"""
    critic_width: Width = 64
    """the discriminators' (critics') channels in the first layer; they double with each, to at most 8 times"""
    norm: Norm = "instance"
    """norm between the layers of all: instance as in the paper, or batch"""
    halvings: LayersOrNone = 3
    """layers of the critics that halve"""
    identity: Weight = 5.0
    """weight of the mean absolute change of an image that is of the wanted kind already"""
    pool: Natural = 50
    """generated images that are kept to show to a critic again; 0 for none"""

    def networks(self, data: DataSpec) -> Networks:
        sizes = ResNetTranslator.sizes & patch_sizes(self.halvings)
        sizes.check(*data.size, instead=fewer_halvings(self.halvings, data.size))
        nets: dict[str, nn.Module] = {}
        for kind, other in OTHER.items():
            shape = (data.channels, self.generator_width, self.blocks, self.parts, self.norm, self.kept)
            nets[f"{kind}2{other}"] = AttentionTranslator(*shape)
            nets[f"critic_{kind}"] = PatchCritic(data.channels, self.critic_width, self.halvings, self.norm)
            nets[f"pool_{kind}"] = ImagePool(self.pool, data.shape)
        return Networks(**nets)

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = self.images(draw)
        fake = {other: self.across(nets, image[kind], kind) for kind, other in OTHER.items()}
        yield self.generators_move(nets, image, fake, clock)
        shown = {}
        for kind, one in fake.items():
            shown[kind] = nets.get_submodule(f"pool_{kind}")(one.detach(), draw.uniform(len(one), 2))
        yield self.critics_move(nets, image, shown)

    def change(self, nets: nn.Module, images: Tensor, origin: str) -> Tensor:
        """How much of each place a translation makes anew, 0 to 1.  [n, 1, H, W]"""
        network: Any = nets.get_submodule("a2b" if origin == "a" else "b2a")
        share: Tensor = network.change(images)
        return share


# Settings by preset, with where each comes from: github.com/Ha0Tang/AttentionGAN, 60 + 60 epochs.
PRESETS: dict[str, dict[str, Any]] = {
    "256": {"resolution": 256, "jitter": 30, "flip": True, "batch": 1},
    "small": {"generator_width": 16, "critic_width": 16, "blocks": 3, "parts": 4, "kept": 2.0},  # for a processor
}

PROOF = Proof(
    claim="AttentionGAN, shown scenes with orange discs and scenes with blue ones, recolours the disc and leaves the"
    " square beside it, nearer to the hidden truth than naive maps that were shown as much.",
    data="world:discs",
    measure="crossing",
    share=3 / 4,
    settings={
        "resolution": 16,
        "images": 24_000,
        "batch": 16,
        "blocks": 1,
        "parts": 1,
        "kept": 2.0,  # else discs were put elsewhere, as a mirror would, which there and back does not tell: .94
        "generator_width": 12,
        "critic_width": 12,
        "halvings": 1,
        "norm": "batch",
        "pool": 0,
        "lr": 1e-3,
    },
)
