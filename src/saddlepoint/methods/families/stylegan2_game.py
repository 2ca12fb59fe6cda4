"""The game of StyleGAN2 with adaptive augmentation, with labels or without. Karras et al. 2020, arXiv:2006.06676.

A label goes to the generator's mapping and to the critic, in every term: a fake has the label of the real image that it
stands beside, as one of a batch whose classes are in the shares of the data.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from saddlepoint.config import Count, LayersOrNone, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, LabelledBatch
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.losses.path_length import path_length_penalty, path_lengths
from saddlepoint.losses.penalties import r1
from saddlepoint.methods.base import Adam, Clock, Draw, Ema, Moves, Networks, Optim, Update
from saddlepoint.methods.families.styled import Styled
from saddlepoint.nn.backbones.dcgan import check_side
from saddlepoint.nn.backbones.stylegan2 import StyleGAN2Critic, StyleGAN2Generator
from saddlepoint.nn.layers.augment.adaptive import AdaptiveAugment
from saddlepoint.nn.layers.number import Number


@dataclass(frozen=True, kw_only=True)
class StyleGAN2Game(Styled, ABC):
    """A method whose networks are `players`; it has labels where its batches have them."""

    base: Width = 16_384
    """channels of both players at a side are this number divided by the side"""
    most: Width = 512
    """but no more than this"""
    mapping_layers: LayersOrNone = 2
    """layers between noise and style"""
    group: Width = 4
    """images that the discriminator (critic) compares with each other (minibatch deviation)"""
    residual: bool = True
    """the critic has residual paths"""
    lr: Positive = 2.5e-3
    """learning rate of both players (Adam, betas 0 and .99)"""
    r1_weight: Weight | None = None
    """weight of the penalty on the critic's slope; None takes the authors' rule, 2e-4 side^2 / batch"""
    r1_every: Count = 16
    """steps between two of these penalties, each so many times as strong"""
    path_weight: Weight = 2.0
    """weight of the penalty on path lengths; 0 for none"""
    path_every: Count = 4
    """steps between two of these penalties, each so many times as strong"""
    ema_ramp: bool = True
    """the average's half-life is at most 5 % of the images shown so far"""
    augment_target: Share = 0.6
    """mean sign of the critic on real images that the augmentation steers to; 0 for no augmentation"""
    augment_images: Positive = 500_000.0
    """images in which the share of augmentations can rise from 0 to 1"""
    augment_every: Count = 4
    """steps between two moves of that share"""
    augment_most: Share | None = 0.8
    """upper bound of that share, our own safety: above it the generator begins to copy augmentations. None for none"""

    def players(self, data: DataSpec, classes: int) -> Networks:
        """The networks for this data. classes: how many there are, 0 for no labels."""
        image = (data.channels, check_side(data.resolution), self.base, self.most)
        return Networks(
            generator=StyleGAN2Generator(
                self.latent, self.style, *image, mapping_layers=self.mapping_layers, classes=classes
            ),
            critic=StyleGAN2Critic(*image, group=self.group, residual=self.residual, classes=classes),
            augment=AdaptiveAugment(),
            path_mean=Number(),  # the running mean of path lengths,
        )

    def optimisers(self) -> Mapping[str, Optim]:
        every = {"generator": self.path_every, "critic": self.r1_every}
        return {name: Adam(name, lr=self.lr, betas=(0.0, 0.99), lazy=lazy) for name, lazy in every.items()}

    def ema(self) -> Ema | None:
        ramp = 0.05 if self.ema_ramp else None
        return Ema(("generator",), half_life=self.ema_images, ramp=ramp) if self.ema_images else None

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        real = batch.image  # [N, C, S, S] in [-1, 1]
        label = batch.label if isinstance(batch, LabelledBatch) else None  # [N]
        n, synthesis = len(real), nets.generator.synthesis
        styles, mean = self.draw_styles(nets, draw, n, label)
        fake = self._augmented(nets, draw, synthesis(styles, self.draw_noise(nets, draw, n)))
        losses = {"fake": generator_loss("non-saturating", nets.critic(fake, label))}
        yield Update("generator", losses, watch={"style": mean})
        if self.path_weight and clock.every(self.path_every):
            half = slice(max(1, n // 2))
            yield self._path(nets, draw, real[half], None if label is None else label[half])

        with torch.no_grad():
            styles, _ = self.draw_styles(nets, draw, n, label)
            fake = self._augmented(nets, draw, synthesis(styles, self.draw_noise(nets, draw, n)))
        on_fake, on_real = nets.critic(fake, label), nets.critic(self._augmented(nets, draw, real), label)
        watch = {**mean_logits(on_real, on_fake), "sign": on_real.detach().sign().mean(), "augment": nets.augment.p}
        yield Update("critic", critic_loss("non-saturating", on_real, on_fake), watch=watch)
        if clock.every(self.r1_every):
            weight = 2e-4 * real.shape[-1] ** 2 / clock.fresh if self.r1_weight is None else self.r1_weight
            chance = self._chance(draw, n)
            slope = r1(lambda images: nets.critic(nets.augment(images, chance), label), real)
            yield Update("critic", {"r1": self.r1_every * weight * slope})

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> None:
        nets.generator.mapping.average.lerp_(report["generator/style"], 0.005)
        if "generator/path_length" in report:
            nets.path_mean.value.lerp_(report["generator/path_length"], 0.01)
        if self.augment_target:
            every = self.augment_every
            moves = (clock.step + 1) % every == 0
            nets.augment.steer(
                report["critic/sign"] / every,
                self.augment_target,
                images=every * clock.fresh if moves else 0,
                speed=self.augment_images,
                most=self.augment_most,
            )

    def _path(self, nets: Networks, draw: Draw, like: Tensor, label: Tensor | None) -> Update:
        """The generator's turn on path lengths, for as many images as `like` has."""
        n = len(like)
        styles, _ = self.draw_styles(nets, draw, n, label)
        noise, direction = self.draw_noise(nets, draw, n), draw.noise(*like.shape)
        lengths = path_lengths(lambda styles: nets.generator.synthesis(styles, noise), styles, direction)
        penalty = path_length_penalty(lengths, nets.path_mean.value)
        watch = {"path_length": lengths.detach().mean()}
        return Update("generator", {"path": self.path_every * self.path_weight * penalty}, watch=watch)

    def _chance(self, draw: Draw, n: int) -> Tensor:
        return draw.uniform(n, AdaptiveAugment.ROWS, 3)

    def _augmented(self, nets: Networks, draw: Draw, images: Tensor) -> Tensor:
        changed: Tensor = nets.augment(images, self._chance(draw, len(images)))
        return changed


SMALL: Mapping[str, Any] = {
    "latent": 64,
    "style": 64,
    "base": 512,
    "most": 64,
    "batch": 32,
    "mixing": 0.0,
    "path_weight": 0.0,
    "r1_weight": 1.0,
    "lr": 8e-3,
}
"""settings for a processor, measured on photographs by benchmarks/real_images.py: rate and R1 of the proof of
`stylegan2`, with up to twice its channels"""
