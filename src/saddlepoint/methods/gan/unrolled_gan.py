"""Unrolled GAN: the generator foresees the critic's next steps. Metz et al. 2017, arXiv:1611.02163, section 2.3.

Paper       here
f           the value of the game: the critic ascends it, the generator descends
K, eta      `unroll`, `critic_lr`
theta_D^K   the critic after K steps of gradient ascent from where it is, on one batch; the generator's gradient goes
            through these steps

The steps that are foreseen are plain ones of the critic's rate; the authors unroll Adam's. The critic itself makes one
step a turn. With `simultaneous` both step from the same point, as in the analysis of the Dirac GAN (Mescheder et al.
2018, arXiv:1801.04406), where without foresight the players circle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from saddlepoint.config import Decay, Natural, Positive, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.methods.base import SGD, Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.backbones.mlp import MLPCritic, MLPGenerator
from saddlepoint.nn.layers.initialisation import initialise


@final
@dataclass(frozen=True, kw_only=True)
class UnrolledGAN(Unconditional):
    """Fully connected players for points and small images."""

    takes = ImageBatch
    batch_statistics = True  # the steps that are foreseen are of the whole batch
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 512}

    latent: Width = 256
    """length of the noise vector"""
    unroll: Natural = 5
    """steps of the discriminator (critic) that the generator foresees; 0 for none"""
    widths: tuple[Width, ...] = (128, 128)
    """units of both players' hidden layers; none makes both linear"""
    optimiser: Literal["adam", "sgd"] = "adam"
    """how both players step"""
    simultaneous: bool = False
    """both players step from the same point, in place of the critic first"""
    generator_lr: Positive = 1e-3
    """learning rate of the generator"""
    critic_lr: Positive = 1e-4
    """learning rate of the critic, also in the steps that are foreseen"""
    beta1: Decay = 0.5
    """Adam's first beta, for both"""

    def networks(self, data: DataSpec) -> Networks:
        nets = Networks(
            generator=MLPGenerator(self.latent, self.widths, data.shape), critic=MLPCritic(data.shape, self.widths)
        )
        initialise(nets, "he")
        return nets

    def optimisers(self) -> Mapping[str, Optim]:
        rates = {"critic": self.critic_lr, "generator": self.generator_lr}
        if self.optimiser == "sgd":
            return {name: SGD(name, lr=rate) for name, rate in rates.items()}
        return {name: Adam(name, lr=rate, betas=(self.beta1, 0.999)) for name, rate in rates.items()}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = draw().image  # [N, ...] in [-1, 1], or points
        latent = self.draw_latents(draw, len(image))
        with torch.no_grad():
            fakes = nets.generator(latent)
        critic = Update("critic", {"value": -value(nets.critic(image), nets.critic(fakes))})
        if not self.simultaneous:
            yield critic
            image, latent = draw().image, self.draw_latents(draw, len(image))
        fakes = nets.generator(latent)
        weights = unrolled(nets.critic, image, fakes, self.unroll, self.critic_lr)
        real, fake = (functional_call(nets.critic, weights, (each,)) for each in (image, fakes))
        generator = Update("generator", {"value": value(real, fake)})
        yield (critic, generator) if self.simultaneous else generator


def value(real: Tensor, fake: Tensor) -> Tensor:
    """The value of the game, E log D(x) + E log(1 - D(G(z))), of the critic's logits: a scalar."""
    return -(F.softplus(-real).mean() + F.softplus(fake).mean())


def unrolled(critic: nn.Module, real: Tensor, fake: Tensor, steps: int, rate: float) -> dict[str, Tensor]:
    """The critic's weights after so many steps of gradient ascent on the value, as functions of the fakes.

    The critic's own weights are left alone; they are constants here.
    """
    weights = {name: weight.detach().requires_grad_() for name, weight in critic.named_parameters()}
    for _ in range(steps):
        outputs = (functional_call(critic, weights, (each,)) for each in (real, fake))
        slopes = torch.autograd.grad(value(*outputs), list(weights.values()), create_graph=True)
        weights = {name: weight + rate * slope for (name, weight), slope in zip(weights.items(), slopes)}
    return weights


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "toy": {"data": "world:ring8", "batch": 512, "ema_images": 0.0},  # github.com/poolio/unrolled_gan: tanh there
    "small": {"latent": 64, "batch": 128},  # for a processor
}

PROOF = Proof(
    claim="Players that would circle come to rest where the generator foresees five steps of its critic.",
    data="world:dirac",
    measure="at-rest",
    share=0.1,
    settings={
        "examples": 48_000,
        "batch": 16,
        "latent": 1,
        "widths": (),
        "optimiser": "sgd",
        "simultaneous": True,
        "generator_lr": 0.1,
        "critic_lr": 0.1,
        "ema_images": 0.0,
    },
)
