"""AttnGAN: from a caption to an image, in stages that look at its words. Xu et al. 2018, arXiv:1711.10485, section 3.

Paper                 here
F_ca, c               `augment`: conditioning augmentation (StackGAN, arXiv:1612.03242)
F_0, F_i, G_i         `first`, `further`, `images`: maps of growing side, an image from each
D_i                   `critics`, one a stage: the image with its caption, and the image alone
DAMSM, lambda         `caption_encoder` and `image_encoder`, taught first; `matching_weight`

Captions of other images of the batch are wrong ones, unless they say the same. With one stage no words
are attended to, which is the second form of StackGAN (arXiv:1710.10916). The paper's encoder of images is an Inception
network of photographs, here a small one that learns with that of captions in the first stage of the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Decay, Layers, Natural, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Stage, Update
from saddlepoint.methods.families.captioned import Captioned, caption_critic_loss, fooling, there
from saddlepoint.nn.backbones.dcgan import check_side
from saddlepoint.nn.backbones.text_to_image import (
    Augmented,
    CaptionCritic,
    FirstStage,
    NextStage,
    condition,
    divergence,
)


@final
class AttnGANGenerator(nn.Module):
    """Noise, words and sentence -> an image of each stage, [N, C, side, side] in [-1, 1], the smallest first."""

    def __init__(
        self,
        latent: int,
        sentence: int,
        conditions: int,
        channels: int,
        side: int,
        stages: int,
        width: int,
        blocks: int,
    ) -> None:
        super().__init__()
        self.augment = Augmented(sentence, conditions)
        self.first = FirstStage(conditions + latent, width, side >> (stages - 1))
        self.further = nn.ModuleList(NextStage(width, sentence, blocks) for _ in range(stages - 1))
        self.images = nn.ModuleList(nn.Conv2d(width, channels, 3, padding=1, bias=False) for _ in range(stages))
        self.latent = latent

    def forward(
        self, noise: Tensor, words: Tensor, sentence: Tensor, there: Tensor
    ) -> tuple[list[Tensor], Tensor, Tensor]:
        """noise: [N, latent + conditions]. words: [N, L, D]. there: [N, L] bool. Also mean and log-variance of c."""
        z, drawn = noise.split([self.latent, noise.shape[1] - self.latent], 1)
        mean, log_variance = self.augment(sentence)
        maps = self.first(torch.cat([condition(mean, log_variance, drawn), z], 1))
        shown = [self.images[0](maps).float().tanh()]
        for stage, image in zip(self.further, list(self.images)[1:]):
            maps = stage(maps, words, there)
            shown.append(image(maps).float().tanh())
        return shown, mean, log_variance


@final
@dataclass(frozen=True, kw_only=True)
class AttnGAN(Captioned):
    """Images of 16, 32, 64 pixels a side and so on, for captions; asked by `saddle sample --given text=...`."""

    defaults: ClassVar[Mapping[str, Any]] = {"batch": 20}

    levels: Layers = 3
    """stages of the generator, each of twice the side of the one before"""
    width: Width = 32
    """the generator's channels at the image's side"""
    critic_width: Width = 64
    """channels of the discriminators (critics) at half the side; they double inwards, to 8 times at most"""
    blocks: Natural = 2
    """residual blocks of each further stage"""
    matching_weight: Weight = 5.0
    """weight of that match for the generator: 5 for birds, 50 for COCO"""
    lr: Positive = 2e-4
    """learning rate of generator and critics (Adam)"""
    beta1: Decay = 0.5
    """Adam's first beta, for both"""

    def networks(self, data: DataSpec) -> Networks:
        encoders = self.encoders(data)
        side, channels = check_side(data.resolution), data.channels
        if side >> (self.levels - 1) < 8:
            raise ConfigError(
                f"{self.levels} stages down from {side} pixels begin under 8: use fewer --levels, or --resolution"
                f" {8 << (self.levels - 1)}."
            )
        sides = [side >> level for level in reversed(range(self.levels))]
        generator = AttnGANGenerator(
            self.latent, self.words, self.condition_width, channels, side, self.levels, self.width, self.blocks
        )
        critics = nn.ModuleList(CaptionCritic(channels, each, self.critic_width, self.words) for each in sides)
        return Networks(**encoders, generator=generator, critics=critics)

    def optimisers(self) -> Mapping[str, Optim]:
        betas = (self.beta1, 0.999)
        return {
            "encoders": self.encoders_optimiser(),
            "critics": Adam("critics", lr=self.lr, betas=betas),
            "generator": Adam("generator", lr=self.lr, betas=betas),
        }

    def stages(self) -> tuple[Stage, ...]:
        return (Stage(examples=self.matching_examples), Stage())

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        real, text = batch.image, batch.text  # [N, C, S, S] in [-1, 1], [N, L]
        if clock.stage == 0:
            yield Update("encoders", self.mismatch(nets, real, text, *nets.caption_encoder(text)))
            return
        with torch.no_grad():
            words, sentence = nets.caption_encoder(text)
            fakes, _, _ = nets.generator(self.noise(draw, len(text)), words, sentence, there(text))
        losses = {}
        for critic, fake in zip(nets.critics, fakes):
            scaled = F.adaptive_avg_pool2d(real, fake.shape[-1])
            losses[f"side_{fake.shape[-1]}"] = caption_critic_loss(critic, scaled, fake, sentence)
        yield Update("critics", losses)
        fakes, mean, log_variance = nets.generator(self.noise(draw, len(text)), words, sentence, there(text))
        losses = {f"side_{fake.shape[-1]}": fooling(each, fake, sentence) for each, fake in zip(nets.critics, fakes)}
        losses["divergence"] = divergence(mean, log_variance)
        if self.matching_weight:
            mismatch = self.mismatch(nets, fakes[-1], text, words, sentence)
            losses |= {name: self.matching_weight * loss for name, loss in mismatch.items()}
        yield Update("generator", losses)

    def drawn(self, nets: nn.Module, noise: Tensor, text: Tensor) -> Tensor:
        words, sentence = nets.get_submodule("caption_encoder")(text)
        shown, _, _ = nets.get_submodule("generator")(noise, words, sentence, there(text))
        image: Tensor = shown[-1]
        return image


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "birds": {
        "resolution": 256,
        "batch": 20,
        "ema_images": 13_860.0,
    },  # taoxugit/AttnGAN, cfg/
    "small": {  # for a processor
        "levels": 2,
        "words": 64,
        "embedding": 32,
        "condition_width": 32,
        "latent": 32,
        "width": 16,
        "critic_width": 16,
        "encoder_width": 16,
        "batch": 32,
    },
}

PROOF = Proof(
    claim="Asked for a shape by a caption, an AttnGAN draws its colour and ground, which another caption's image shows"
    " by chance.",
    data="world:captions",
    measure="captioned-images",
    share=0.6,
    settings={
        "resolution": 16,
        "examples": 100_000,
        "batch": 32,
        "levels": 2,
        "words": 32,
        "embedding": 32,
        "condition_width": 16,
        "latent": 16,
        "width": 8,
        "critic_width": 16,
        "encoder_width": 8,
        "matching_examples": 30_000,
        "lr": 1e-3,
    },
)
