"""WGAN-GP: a critic whose slope is pulled to one. Gulrajani et al. 2017, arXiv:1704.00028, Algorithm 1.

Paper     here
n_critic  critic_steps
lambda    penalty
epsilon   `mix`, one number for each image
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch

from saddlepoint.config import Count, Decay, Natural, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.losses.adversarial import critic_loss, generator_loss
from saddlepoint.losses.penalties import gradient_penalty
from saddlepoint.methods.base import Adam, Clock, Draw, Linear, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.backbones.dcgan import DCGANCritic, DCGANGenerator, check_side, check_size
from saddlepoint.nn.backbones.mlp import MLPCritic, MLPGenerator
from saddlepoint.nn.backbones.resnet_gan import CriticNorm, ResNetCritic, ResNetGenerator
from saddlepoint.nn.layers.initialisation import initialise


@final
@dataclass(frozen=True, kw_only=True)
class WGANGP(Unconditional):
    """The Wasserstein GAN with a gradient penalty. No critic here has batch norm, which the penalty forbids."""

    takes = ImageBatch
    batch_statistics = True

    latent: Width = 128
    """length of the noise vector"""
    critic_steps: Count = 5
    """critic (discriminator) updates for each generator update, each on new images and new noise"""
    first_critic_steps: Natural = 0
    """critic updates for each generator update at the start, from where they go in a line to `critic_steps` at the end
    of the run; 0 for `critic_steps` throughout, as in the paper"""
    penalty: Weight = 10.0
    """weight of the gradient penalty"""
    layers: Literal["residual", "dcgan"] = "residual"
    """networks for images: the paper's residual ones, or DCGAN's with no norm in the critic; points get dense ones"""
    width: Width = 128
    """channels of both players: at the image's full side if residual, at half of it if dcgan"""
    cap: Width = 1
    """residual channels double with each halving of the side, to at most this many times `width`"""
    critic_norm: CriticNorm = "none"
    """norm in the residual critic: none, or layer, over each image's channels and places"""
    widths: tuple[Width, ...] = (512, 512, 512)
    """units of both players' hidden layers, for points"""
    lr: Positive = 1e-4
    """learning rate of both players (Adam)"""
    beta1: Decay = 0.0
    """Adam's first beta, for both"""
    beta2: Decay = 0.9
    """Adam's second beta, for both"""

    def networks(self, data: DataSpec) -> Networks:
        if len(data.shape) > 1 and self.layers == "residual":
            image = (data.channels, check_side(data.resolution), self.width, self.cap)
            return Networks(
                generator=ResNetGenerator(self.latent, *image), critic=ResNetCritic(*image, norm=self.critic_norm)
            )
        if len(data.shape) > 1:
            maps = (data.channels, check_size(data.size), self.width, 5)
            nets = Networks(generator=DCGANGenerator(self.latent, *maps), critic=DCGANCritic(*maps, norm="none"))
        else:
            generator = MLPGenerator(self.latent, self.widths, data.shape)
            nets = Networks(generator=generator, critic=MLPCritic(data.shape, self.widths))
        initialise(nets, "he")
        return nets

    def optimisers(self) -> Mapping[str, Optim]:
        betas = (self.beta1, self.beta2)
        return {name: Adam(name, lr=self.lr, betas=betas) for name in ("generator", "critic")}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        first = self.first_critic_steps or self.critic_steps
        for _ in range(round(Linear(first, self.critic_steps)(clock))):
            image = draw().image  # [N, C, S, S] in [-1, 1], or [N, D]
            with torch.no_grad():
                fakes = nets.generator(self.draw_latents(draw, len(image)))
            real, fake = nets.critic(image), nets.critic(fakes)
            losses = critic_loss("wasserstein", real, fake)
            losses["penalty"] = self.penalty * gradient_penalty(nets.critic, image, fakes, draw.uniform(len(image)))
            estimate = (real - fake).detach().mean()  # of the Wasserstein distance
            yield Update("critic", losses, watch={"wasserstein": estimate})
        fake = nets.critic(nets.generator(self.draw_latents(draw, len(image))))
        yield Update("generator", {"fake": generator_loss("wasserstein", fake)})


# Settings by preset, with where each comes from: github.com/igul222/improved_wgan_training. No averages there.
PRESETS: dict[str, dict[str, Any]] = {
    "toy": {  # gan_toy.py: 100,000 steps
        "data": "world:grid25",
        "latent": 2,
        "widths": (512, 512, 512),
        "penalty": 0.1,  # not the 10 of images: the 25 modes need it
        "lr": 1e-4,
        "beta1": 0.5,
        "batch": 256,
        "ema_images": 0.0,
    },
    "mnist": {  # gan_mnist.py: 200,000 steps; 28x28 there, cropped from 32x32 maps on the way
        "resolution": 32,
        "layers": "dcgan",
        "width": 64,
        "lr": 1e-4,
        "beta1": 0.5,
        "batch": 50,
        "ema_images": 0.0,
    },
    "cifar-resnet": {  # gan_cifar_resnet.py: 100,000 steps
        "resolution": 32,
        "width": 128,
        "lr": 2e-4,  # falls to 0 in a line there, constant here; the generator's batch is 128 there
        "batch": 64,
        "ema_images": 0.0,
    },
    "64": {  # gan_64x64.py; its critic goes down to 4x4 and has no blocks that do not halve
        "resolution": 64,
        "width": 64,
        "cap": 8,
        "critic_norm": "layer",
        "lr": 1e-4,
        "batch": 64,
        "ema_images": 0.0,
    },
    "small": {"width": 32},  # for a processor
}

PROOF = Proof(
    claim="WGAN-GP on a grid of 25 narrow Gaussians reaches at least 24 of them; one wide Gaussian hits few.",
    data="world:grid25",
    measure="grid",
    share=0.2,
    bars={"modes": 24},
    settings={
        "images": 1_000_000,
        "batch": 256,
        "latent": 2,
        "penalty": 0.1,  # the authors' toy setting, as are the batch, the noise, the betas and three hidden layers
        "beta1": 0.5,
        "widths": (128, 128, 128),  # 512 there, and a rate of 1e-4 for 100,000 steps; these take 3,900
        "lr": 1e-3,
    },
)
