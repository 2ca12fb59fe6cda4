"""DCGAN: strided convolutions and batch norm all the way. Radford et al. 2016, arXiv:1511.06434, section 3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch

from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.losses.adversarial import Objective, check_targets, critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Networks, Optim, Proof, Update
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.backbones.dcgan import DCGANCritic, DCGANGenerator, check_side


@final
@dataclass(frozen=True, kw_only=True)
class DCGAN(Unconditional):
    """The convolutional GAN that most others start from: sides 8, 16, 32, 64 and so on, grey or colour."""

    takes = ImageBatch
    batch_statistics = True

    generator_width: int = 64
    """the generator's channels at half the image's side; they double with each halving, to at most 8 times"""
    critic_width: int = 64
    """the critic's channels at half the image's side, likewise"""
    kernel: Literal[4, 5] = 4
    """side of every kernel: 5 as the authors, 4 as the Torch port that most copies follow"""
    objective: Objective = "non-saturating"
    """what the two players minimise"""
    real_target: float = 1.0
    """what the critic aims at for real images (.9 smooths it on one side)"""
    generator_lr: float = 2e-4
    """learning rate of the generator"""
    critic_lr: float = 2e-4
    """learning rate of the critic"""
    beta1: float = 0.5
    """Adam's first beta, for both"""
    beta2: float = 0.999
    """Adam's second beta, for both"""
    weight_decay: float = 0.0
    """L2 penalty on the weights, for both"""

    def __post_init__(self) -> None:
        check_targets(self.objective, self.real_target)

    def networks(self, data: DataSpec) -> Networks:
        side = check_side(data.resolution)
        return Networks(
            generator=DCGANGenerator(self.latent, data.channels, side, self.generator_width, self.kernel),
            critic=DCGANCritic(data.channels, side, self.critic_width, self.kernel),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        rates = {"generator": self.generator_lr, "critic": self.critic_lr}
        betas = (self.beta1, self.beta2)
        return {name: Adam(name, lr=lr, betas=betas, weight_decay=self.weight_decay) for name, lr in rates.items()}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Iterator[Update]:
        image = draw().image  # [N, C, S, S] in [-1, 1]
        # One set of fakes for both players, as in the Torch port: holding its graph saves a pass through the generator.
        fakes = nets.generator(self.draw_latents(draw, len(image)))
        real, fake = nets.critic(image), nets.critic(fakes.detach())  # apart: batch norm must not see both at once
        losses = critic_loss(self.objective, real, fake, real_target=self.real_target)
        yield Update("critic", losses, watch=mean_logits(real, fake))
        with torch.no_grad():
            rival = nets.critic(image) if self.objective == "relativistic" else None
        yield Update("generator", {"fake": generator_loss(self.objective, nets.critic(fakes), rival)})


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
