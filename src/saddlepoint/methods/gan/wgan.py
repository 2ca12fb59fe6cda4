"""WGAN: a critic kept from growing steep by clipping its weights. Arjovsky et al. 2017, arXiv:1701.07875, Algorithm 1.

Paper     here
f_w       critic (no sigmoid; its outputs are no probabilities)
n_critic  critic_steps
c         clip_weights
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch

from saddlepoint.config import Count, Natural, Positive, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.losses.adversarial import critic_loss, generator_loss
from saddlepoint.methods.base import Clock, Draw, Moves, Networks, Optim, Proof, RMSProp, Update
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.backbones.dcgan import DCGANCritic, DCGANGenerator, check_size
from saddlepoint.nn.backbones.mlp import MLPCritic, MLPGenerator
from saddlepoint.nn.layers.initialisation import initialise


@final
@dataclass(frozen=True, kw_only=True)
class WGAN(Unconditional):
    """The Wasserstein GAN with clipping: DCGAN's networks for images, fully connected ones for points."""

    takes = ImageBatch
    batch_statistics = True

    critic_steps: Count = 5
    """critic (discriminator) updates for each generator update, each on new images and new noise"""
    warm_critic_steps: Natural = 0
    """critic updates for each of the first 25 generator updates and for every 500th: 100 in the authors' code; 0 for
    `critic_steps` there too"""
    clip_weights: Positive = 0.01
    """after each critic update every weight of the critic is cut to at most this, either side of zero"""
    width: Width = 64
    """channels of both players at half the image's side; they double with each halving, to at most 8 times"""
    widths: tuple[Width, ...] = (512, 512, 512)
    """units of both players' hidden layers, for points"""
    lr: Positive = 5e-5
    """learning rate of both players (RMSProp)"""

    def networks(self, data: DataSpec) -> Networks:
        if len(data.shape) == 1:
            generator = MLPGenerator(self.latent, self.widths, data.shape)
            nets = Networks(generator=generator, critic=MLPCritic(data.shape, self.widths))
            initialise(nets, "he")
            return nets
        size = check_size(data.size)
        return Networks(
            generator=DCGANGenerator(self.latent, data.channels, size, self.width, kernel=4),
            critic=DCGANCritic(data.channels, size, self.width, kernel=4),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        return {name: RMSProp(name, lr=self.lr) for name in ("generator", "critic")}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        warm = self.warm_critic_steps and (clock.step < 25 or clock.every(500))
        for _ in range(self.warm_critic_steps if warm else self.critic_steps):
            image = draw().image  # [N, C, S, S] in [-1, 1], or [N, D]
            with torch.no_grad():
                fakes = nets.generator(self.draw_latents(draw, len(image)))
            real, fake = nets.critic(image), nets.critic(fakes)
            estimate = (real - fake).detach().mean()  # of the Wasserstein distance, times the critic's unknown slope
            yield Update("critic", critic_loss("wasserstein", real, fake), watch={"wasserstein": estimate})
            with torch.no_grad():
                for weight in nets.critic.parameters():
                    weight.clamp_(-self.clip_weights, self.clip_weights)
        fake = nets.critic(nets.generator(self.draw_latents(draw, len(image))))
        yield Update("generator", {"fake": generator_loss("wasserstein", fake)})


# Settings by preset, with where each comes from; the averages that make samples are ours.
PRESETS: dict[str, dict[str, Any]] = {
    "authors": {  # github.com/martinarjovsky/WassersteinGAN, main.py and models/dcgan.py
        # There weights are cut before a critic step, not after it.
        "resolution": 64,
        "latent": 100,
        "width": 64,
        "critic_steps": 5,
        "warm_critic_steps": 100,
        "clip_weights": 0.01,
        "lr": 5e-5,
        "batch": 64,
        "ema_images": 0.0,
    },
    "small": {"width": 16},  # for a processor
}

PROOF = Proof(
    claim="A WGAN with clipped weights draws all ten digits, at less than a third of the distance of a Gaussian over"
    " pixels.",
    data="digits",
    measure="frechet",
    share=1 / 3,
    bars={"classes": 10},
    settings={
        "images": 250_000,
        "batch": 64,
        "width": 32,
        "lr": 2e-4,  # four times the authors', to be done in three minutes
    },
)
