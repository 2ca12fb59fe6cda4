"""Patch-Global GAN: holes are filled by a network that sees far, and one critic judges patches and the whole. Demir &
Unal 2018, arXiv:1803.07422.

Paper            here
lambda_1         `reconstruction`: mean absolute difference, .995
lambda_2, _3     `adversarial`: the verdict on the whole and that on patches, .0025 each
G                generator: residual blocks with dilation; halvings in place of its two sizes of features
D                one trunk with two heads, which both train it; it sees the filled image, known part included
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Layers, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.losses.adversarial import Objective
from saddlepoint.methods.base import Networks, Proof
from saddlepoint.methods.families.paired import Paired
from saddlepoint.methods.restoration.context_encoder import filled, holes_and_image
from saddlepoint.nn.backbones.inpainting import DilatedNet, PatchGlobalCritic


@final
@dataclass(frozen=True, kw_only=True)
class PatchGlobalInpainting(Paired):
    """Inpainting of free holes, as `--data holes25:FOLDER` and `strokes3:FOLDER` make them."""

    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 8}
    over_scales: ClassVar[Literal["sum", "mean"]] = "sum"

    width: Width = 64
    """the generator's channels at full size; 4 times as many at a quarter of it, where its blocks are"""
    blocks: Layers = 8
    """the generator's residual blocks; every four of them reach 1, 2, 4 and 8 pixels"""
    critic_width: Width = 64
    """the discriminator's (critic's) channels in its first layer; they double with each halving, to 8 times"""
    halvings: Layers = 4
    """layers of the critic's trunk, each of which halves"""
    reconstruction: Weight = 0.995
    """weight of the mean absolute difference of filled and true images"""
    adversarial: Weight = 0.0025
    """weight of each of the two verdicts"""
    objective: Objective = "non-saturating"
    """what the two players minimise"""
    lr: Positive = 2e-4
    """learning rate of both players (Adam); the paper does not give it"""
    decay_after: Share = 0.5
    """share of the run after which the learning rate falls to 0 in a line; 1 for never"""

    def networks(self, data: DataSpec) -> Networks:
        holes_and_image(data, "patch_global_inpainting")
        critic = PatchGlobalCritic(data.channels, self.critic_width, self.halvings)
        (DilatedNet.sizes & critic.sizes).check(*data.size, instead=", or fewer --halvings")
        return Networks(generator=DilatedNet(data.channels, self.width, self.blocks), critic=critic)

    def imitate(self, nets: Networks, batch: Any, draw: Any) -> Tensor:
        return filled(batch.source, nets.generator(batch.source))

    def view(self, nets: Networks, batch: Any, image: Tensor) -> Tensor:
        """The image alone."""
        return image

    def content_terms(self, nets: Networks, batch: Any, image: Tensor) -> Mapping[str, Tensor]:
        return {"l1": self.reconstruction * F.l1_loss(image, batch.target)}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Images with holes [n, C + 1, H, W] in [-1, 1], filled; what is known stays as it is."""
        return filled(images, nets.get_submodule("generator")(images))


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"resolution": 256},  # section 4: 256x256; batch and length are not published
    "small": {"width": 16, "blocks": 4, "critic_width": 16},  # for a processor
}

PROOF = Proof(
    claim="A patch-global GAN fills large holes, nearer to what was there than the best classical filling.",
    data="centre50:world:shapes",  # over the small boxes of holes25 a thin plate is better than minutes of training
    measure="restored",
    share=0.85,
    settings={
        "examples": 60_000,
        "batch": 4,
        "width": 12,
        "blocks": 4,
        "critic_width": 8,
        "halvings": 3,
        "lr": 1e-3,
        "beta1": 0.9,
    },
)
