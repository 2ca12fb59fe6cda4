"""DCGAN: strided convolutions and batch norm all the way. Radford et al. 2016, arXiv:1511.06434, section 3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch

from saddlepoint.config import Count, Decay, Finite, Natural, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.losses.adversarial import Objective, check_targets, critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import (
    Adam,
    Clock,
    Cosine,
    Draw,
    Linear,
    Moves,
    Networks,
    Optim,
    Proof,
    Schedule,
    Step,
    Update,
)
from saddlepoint.methods.families.stabilised import Stabilised
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.backbones.dcgan import ConvNorm, DCGANCritic, DCGANGenerator, check_size


@final
@dataclass(frozen=True, kw_only=True)
class DCGAN(Stabilised, Unconditional):
    """The convolutional GAN that most others start from: sides 8, 16, 32, 64 and so on, or 96x64, grey or colour."""

    takes = ImageBatch
    batch_statistics = True

    generator_width: Width = 64
    """the generator's channels at half the image's side; they double with each halving, to at most 8 times"""
    critic_width: Width = 64
    """the critic's channels at half the image's side, likewise"""
    kernel: Literal[4, 5] = 4
    """side of every kernel: 5 as the authors, 4 as the Torch port that most copies follow"""
    critic_norm: ConvNorm = "batch"
    """what steadies the critic's layers: batch norm as the authors; group norm, which does not depend on the batch;
    spectral norm of the weights; or none"""
    minibatch_kernels: Natural = 0
    """figures by which the critic sees how near each image is to others of its batch (minibatch discrimination): 100,
    say; 0 for none"""
    objective: Objective = "non-saturating"
    """what the two players minimise"""
    real_target: Finite = 1.0
    """what the critic aims at for real images (.9 smooths it on one side)"""
    generator_lr: Positive = 2e-4
    """learning rate of the generator"""
    critic_lr: Positive = 2e-4
    """learning rate of the critic"""
    lr_schedule: Literal["constant", "linear", "cosine", "step"] = "constant"
    """how both rates go on: to 0 in a line from the middle of the run on, to 0 along half a cosine over all of it, or
    down to a tenth again and again"""
    lr_step_images: Count = 100_000
    """images between two steps down, with --lr-schedule step"""
    beta1: Decay = 0.5
    """Adam's first beta, for both"""
    beta2: Decay = 0.999
    """Adam's second beta, for both"""
    weight_decay: Weight = 0.0
    """L2 penalty on the weights, for both"""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_targets(self.objective, self.real_target)

    def networks(self, data: DataSpec) -> Networks:
        size = check_size(data.size)
        return Networks(
            generator=DCGANGenerator(self.latent, data.channels, size, self.generator_width, self.kernel),
            critic=DCGANCritic(
                data.channels,
                size,
                self.critic_width,
                self.kernel,
                norm=self.critic_norm,
                kernels=self.minibatch_kernels,
            ),
            **self.memory(data),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        rates = {"generator": self._scheduled(self.generator_lr), "critic": self._scheduled(self.critic_lr)}
        betas = (self.beta1, self.beta2)
        return {name: Adam(name, lr=lr, betas=betas, weight_decay=self.weight_decay) for name, lr in rates.items()}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = draw().image  # [N, C, S, S] in [-1, 1]
        # One set of fakes for both players, as in the Torch port: holding its graph saves a pass through the generator.
        fakes = nets.generator(self.draw_latents(draw, len(image)))
        image = self.noisy(draw, clock, image)
        old = self.noisy(draw, clock, self.replayed(nets, draw, fakes))
        real, fake = nets.critic(image), nets.critic(old)  # apart: batch norm must not see both at once
        losses = critic_loss(self.objective, real, fake, real_target=self.real_target)
        losses |= self.inconsistency(nets, draw, {"real": image, "fake": old}, {"real": real, "fake": fake})
        yield Update("critic", losses, watch=mean_logits(real, fake))
        with torch.no_grad():
            rival = nets.critic(image) if self.objective == "relativistic" else None
        loss = generator_loss(self.objective, nets.critic(self.noisy(draw, clock, fakes)), rival)
        yield Update("generator", {"fake": loss, **self.regularity(nets)})

    def _scheduled(self, rate: float) -> float | Schedule:
        match self.lr_schedule:
            case "constant":
                return rate
            case "linear":
                return Linear(rate, after=0.5)
            case "cosine":
                return Cosine(rate, 0.0)
            case "step":
                return Step(rate, self.lr_step_images)


# Settings by preset, with where each comes from; the authors train 25 epochs of their own set (give --images).
PRESETS: dict[str, dict[str, Any]] = {
    "authors": {  # github.com/Newmu/dcgan_code, faces/train_uncond_dcgan.py: 4x4x1024 to 64x64x3
        "resolution": 64,
        "generator_width": 128,
        "critic_width": 128,
        "kernel": 5,
        "prior": "uniform",
        "weight_decay": 1e-5,
        "ema_images": 0.0,
        "batch": 128,
    },
    "port": {  # github.com/soumith/dcgan.torch, main.lua: 4x4x512 to 64x64x3
        "resolution": 64,
        "kernel": 4,
        "ema_images": 0.0,
        "batch": 64,
    },
    "32": {  # the form taught for 32x32: generator from 4x4x512, critic to 4x4x256
        "resolution": 32,
        "generator_width": 128,
        "critic_width": 64,
        "kernel": 5,
        "ema_images": 0.0,
        "batch": 64,
    },
    "small": {  # for a processor; batch and rates were chosen on faces of 64 pixels (benchmarks/real_images.py)
        "generator_width": 16,
        "critic_width": 16,
        "generator_lr": 4e-4,
        "critic_lr": 4e-4,
        "batch": 16,
    },
}

PROOF = Proof(
    claim="A DCGAN trained for a minute and a half draws all ten digits, far nearer to real ones than a Gaussian over"
    " pixels does.",
    data="digits",
    measure="frechet",
    share=1 / 3,
    bars={"classes": 10},
    settings={"images": 300_000, "batch": 64},
)
