"""ESRGAN: small images made large by dense residual blocks, against a critic that compares. Wang et al. 2018,
arXiv:1809.00219.

Paper            here
RRDB             `blocks` of `nn.backbones.rrdb`, 23 in the paper
beta             .2, what each residual is weighed by
D_Ra             `losses.relativistic`: whether a real image is more real than made ones on average
L_percep         `content` "critic" stands in for features of a VGG network, whose weights do not come with this library
lambda           `adversarial`, 5e-3
eta              `pixels`, 1e-2, the weight of the mean absolute difference
G_PSNR           what the generator is after the first phase, `alone`, which knows that difference alone

Real-ESRGAN (Wang et al. 2021, arXiv:2107.10833) is the preset `practical` on `--data practical4:FOLDER`: images that
two rounds of blur, noise and compression have gone over, and a critic that judges each pixel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Layers, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.losses.relativistic import average_critic_loss, average_generator_loss
from saddlepoint.methods.base import Adam, Clock, Draw, Ema, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.nn.backbones.rrdb import RRDBNet
from saddlepoint.nn.backbones.srresnet import SRCritic
from saddlepoint.nn.backbones.unet_critic import UNetCritic
from saddlepoint.nn.layers.unit_levels import UnitLevels


@final
@dataclass(frozen=True, kw_only=True)
class ESRGAN(Method):
    """Super-resolution from pairs of small and large images, as `--data lowres4:FOLDER` makes them."""

    takes = PairedBatch
    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 16}

    width: Width = 64
    """channels between the generator's blocks"""
    blocks: Layers = 23
    """the generator's blocks, of three dense ones each"""
    growth: Width = 32
    """channels that each convolution of a dense block adds"""
    interpolated: bool = False
    """add what bilinear interpolation makes, so that short runs begin there; not in the paper"""
    judge: Literal["image", "pixel"] = "image"
    """what the discriminator (critic) judges: whole images, with batch norm, as in the paper; or each pixel, through a
    U-Net with spectral norm, as Real-ESRGAN's"""
    critic_width: Width = 64
    """the critic's channels in its first layer"""
    levels: Literal["signed", "unit"] = "signed"
    """the range that the generator sees inside: -1 to 1 as all images here, or 0 to 1 as most published weights do"""
    objective: Literal["relativistic-average", "non-saturating"] = "relativistic-average"
    """what the two players minimise"""
    alone: Share = 0.7
    """share of the run in which the generator learns the mean absolute difference alone, before the game begins"""
    content: Literal["critic", "pixels"] = "critic"
    """what is compared in the game beside pixels: the critic's last maps, or nothing"""
    pixels: Weight = 1e-2
    """weight of the mean absolute difference in the game"""
    adversarial: Weight = 5e-3
    """weight of the verdict"""
    lr: Positive = 1e-4
    """learning rate of both players in the game (Adam)"""
    lr_alone: Positive = 2e-4
    """learning rate of the generator before the game"""
    averaged: Weight = 0.0
    """examples after which an old weight of the generator's average counts half; 0 for no average"""

    def networks(self, data: DataSpec) -> Networks:
        small, large = data.image("source"), data.image("target")
        scale, rest = divmod(large.height, small.height)
        if rest or small.width * scale != large.width or small.channels != large.channels:
            raise ConfigError(
                f"esrgan makes images whole times larger; the data has {small} and {large}. Use --data lowres4:FOLDER."
            )
        channels = small.channels
        if self.judge == "pixel":
            UNetCritic.sizes.check(large.height, large.width)
        generator = RRDBNet(
            channels, channels, scale, self.width, self.blocks, self.growth, interpolated=self.interpolated
        )
        return Networks(
            generator=UnitLevels(generator) if self.levels == "unit" else generator,
            critic=(UNetCritic if self.judge == "pixel" else SRCritic)(channels, self.critic_width),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        betas = (0.9, 0.99)
        return {
            "generator": Adam("generator", lr=self.rate, betas=betas),
            "critic": Adam("critic", lr=self.lr, betas=betas),
        }

    def rate(self, clock: Clock) -> float:
        """The generator's learning rate: one before the game, another within."""
        return self.lr_alone if clock.examples < self.alone * clock.total else self.lr

    def ema(self) -> Ema | None:
        return Ema(("generator",), self.averaged) if self.averaged else None

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        pair = draw()
        target = pair.target  # [N, C, H, W] in [-1, 1]
        restored = nets.generator(pair.source)
        if clock.examples < self.alone * clock.total:
            yield Update("generator", {"pixels": F.l1_loss(restored, target)})
            return
        average = self.objective == "relativistic-average"
        real, fake = nets.critic(target), nets.critic(restored.detach())
        losses = average_critic_loss(real, fake) if average else critic_loss("non-saturating", real, fake)
        yield Update("critic", losses, watch=mean_logits(real, fake))
        with torch.no_grad():
            rival = nets.critic(target)
        verdict = nets.critic(restored)
        score = average_generator_loss(rival, verdict) if average else generator_loss("non-saturating", verdict)
        terms = {"pixels": self.pixels * F.l1_loss(restored, target), "fake": self.adversarial * score}
        if self.content == "critic":
            with torch.no_grad():
                aim = nets.critic.features(target)
            terms["content"] = F.l1_loss(nets.critic.features(restored), aim)
        yield Update("generator", terms)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """From small to large."""
        return {"source": "target"}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Small images [n, C, h, w] in [-1, 1], of any size, as large ones; `seed` changes nothing."""
        restored: Tensor = nets.get_submodule("generator")(images)
        return restored.clamp(-1, 1)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"resolution": 128, "examples": 22_400_000},  # section 4.1 and BasicSR: 1M steps alone, 400k of the game
    "practical": {  # xinntao/Real-ESRGAN, options: --data practical4:FOLDER; features of VGG are the critic's here
        "judge": "pixel",
        "objective": "non-saturating",
        "pixels": 1.0,
        "adversarial": 0.1,
        "averaged": 8_300.0,
        "resolution": 256,
    },
    "small": {"width": 24, "blocks": 3, "growth": 12, "critic_width": 16},  # for a processor
}

PROOF = Proof(
    claim="ESRGAN makes small images four times larger, far nearer to the true ones than bicubic interpolation.",
    data="lowres4:world:shapes",
    measure="restored",
    share=0.8,
    settings={
        "resolution": 32,
        "examples": 12_800,
        "width": 24,
        "blocks": 2,
        "growth": 12,
        "critic_width": 8,
        # So small a critic's maps lead away from the truth.
        "interpolated": True,
        "content": "pixels",
        "pixels": 1.0,
        "lr_alone": 2e-3,
        "lr": 3e-4,
        "alone": 0.8,
    },
)
