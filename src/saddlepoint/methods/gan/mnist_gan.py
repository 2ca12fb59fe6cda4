"""MNIST GAN: the small convolutional case study that courses teach, with DCGAN's layers. arXiv:1511.06434.

A projection and two transposed convolutions against two convolutions and a projection, all 5x5 with stride 2; the
critic aims at .9 for real images (Salimans et al. 2016, arXiv:1606.03498, section 3.4) and counts each half one half.
Made for digits of 28x28; takes any square image whose side four divides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Decay, Positive, Share, Weight
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.layers.initialisation import initialise


@final
class MNISTGenerator(nn.Module):
    """[N, latent] -> images [N, C, S, S] in [-1, 1], float32, by way of 128 maps of S/4 and 64 of S/2."""

    def __init__(self, latent: int, channels: int, side: int, bn_decay: float) -> None:
        super().__init__()
        self.small = side // 4
        self.project = nn.Linear(latent, self.small**2 * 128)
        # Padding 2 and output padding 1 double the side exactly, as "same" does elsewhere.
        self.up = nn.ConvTranspose2d(128, 64, 5, stride=2, padding=2, output_padding=1)
        self.norm = nn.BatchNorm2d(64, momentum=1 - bn_decay)
        self.output = nn.ConvTranspose2d(64, channels, 5, stride=2, padding=2, output_padding=1)

    def forward(self, latent: Tensor) -> Tensor:
        x = self.project(latent).view(-1, self.small, self.small, 128).permute(0, 3, 1, 2)  # [N, 128, S/4, S/4]
        x = F.relu(self.norm(self.up(x)))  # [N, 64, S/2, S/2]
        images: Tensor = self.output(x).float().tanh()
        return images


@final
class MNISTCritic(nn.Module):
    """Images [N, C, S, S] -> [N] logits, by way of 64 maps of S/2 and 128 of S/4."""

    def __init__(self, channels: int, side: int, bn_decay: float) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, 64, 5, stride=2, padding=2)
        self.second = nn.Conv2d(64, 128, 5, stride=2, padding=2)
        self.norm = nn.BatchNorm2d(128, momentum=1 - bn_decay)
        self.output = nn.Linear((side // 4) ** 2 * 128, 1)

    def forward(self, image: Tensor) -> Tensor:
        x = F.leaky_relu(self.first(image), 0.2)  # [N, 64, S/2, S/2]
        x = F.leaky_relu(self.norm(self.second(x)), 0.2)  # [N, 128, S/4, S/4]
        logits: Tensor = self.output(x.permute(0, 2, 3, 1).flatten(1)).squeeze(1)
        return logits


@final
@dataclass(frozen=True, kw_only=True)
class MNISTGAN(Unconditional):
    """Two small convolutional networks for digits."""

    takes = ImageBatch
    batch_statistics = True

    real_target: Share = 0.9
    """probability that the discriminator (critic) aims at for real images; under 1 it cannot grow too sure"""
    critic_weight: Weight = 0.5
    """weight of each half of the critic's loss, real and fake"""
    bn_decay: Decay = 0.8
    """share of the old value that batch norm's running statistics keep at each step (1 minus torch's momentum)"""
    generator_lr: Positive = 2e-4
    """learning rate of the generator"""
    critic_lr: Positive = 2e-4
    """learning rate of the critic"""
    beta1: Decay = 0.5
    """Adam's first beta, for both"""

    def networks(self, data: DataSpec) -> Networks:
        if data.resolution % 4:
            raise ConfigError(
                f"mnist_gan halves the side twice and {data.resolution} is not divisible by 4. Use --resolution 28."
            )
        generator = MNISTGenerator(self.latent, data.channels, data.resolution, self.bn_decay)
        critic = MNISTCritic(data.channels, data.resolution, self.bn_decay)
        initialise(generator, "glorot")  # the default where the case study was first written
        initialise(critic, "glorot")
        return Networks(generator=generator, critic=critic)

    def optimisers(self) -> Mapping[str, Optim]:
        rates = {"generator": self.generator_lr, "critic": self.critic_lr}
        return {name: Adam(name, lr=lr, betas=(self.beta1, 0.999)) for name, lr in rates.items()}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = draw().image  # [N, C, S, S] in [-1, 1]
        with torch.no_grad():
            fakes = nets.generator(self.draw_latents(draw, len(image)))
        real, fake = nets.critic(image), nets.critic(fakes)
        halves = critic_loss("non-saturating", real, fake, real_target=self.real_target)
        yield Update(
            "critic",
            {name: self.critic_weight * half for name, half in halves.items()},
            watch=mean_logits(real, fake),
        )
        fake = nets.critic(nets.generator(self.draw_latents(draw, len(image))))
        yield Update("generator", {"fake": generator_loss("non-saturating", fake)})


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "case-study": {  # MNIST, Adam 2e-4 with beta 1 of .5, 20,000 to 30,000 steps; no batch size is stated, 64 is ours
        "resolution": 28,
        "bn_decay": 0.99,  # the default of the framework it was written in; its text advises .8
        "ema_images": 0.0,
        "batch": 64,
        "images": 1_600_000,
    },
}

PROOF = Proof(
    claim="The case study's network, on digits of 8x8, draws all ten, far nearer to real ones than a Gaussian does.",
    data="digits",
    measure="frechet",
    share=1 / 3,
    bars={"classes": 10},
    settings={"images": 200_000, "batch": 64},
)
