"""GAN: two fully connected networks and the game itself. Goodfellow et al. 2014, arXiv:1406.2661, Algorithm 1.

Makes images of any shape and points of any dimension. The critic is a leaky MLP, or the paper's maxout with dropout.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Decay, Finite, Positive, Share, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.losses.adversarial import Objective, check_targets, critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import SGD, Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.backbones.mlp import MLPGenerator
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.maxout import Maxout


@final
class GANCritic(nn.Module):
    """Images [N, C, H, W] or points [N, D] -> [N] logits: maxout layers where `pieces` is given, else LeakyReLU .2."""

    def __init__(
        self,
        shape: tuple[int, ...],
        widths: tuple[int, ...],
        pieces: int | None,
        dropout_input: float,
        dropout_hidden: float,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Flatten(), nn.Dropout(dropout_input)]
        for inputs, width in pairwise((math.prod(shape), *widths)):
            layers += [Maxout(inputs, width, pieces)] if pieces else [nn.Linear(inputs, width), nn.LeakyReLU(0.2)]
            layers.append(nn.Dropout(dropout_hidden))
        self.hidden = nn.Sequential(*layers)
        self.output = nn.Linear((math.prod(shape), *widths)[-1], 1)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.output(self.hidden(x)).squeeze(1)
        return logits


@final
@dataclass(frozen=True, kw_only=True)
class GAN(Unconditional):
    """The first GAN, with its objective, prior, critic and optimiser to choose."""

    takes = ImageBatch

    objective: Objective = "non-saturating"
    """what the two players minimise"""
    real_target: Finite = 1.0
    """what the discriminator (critic) aims at for real images (.9 smooths it on one side; b in least squares)"""
    fake_target: Finite = 0.0
    """what the critic aims at for fakes (a in least squares)"""
    generator_target: Finite = 1.0
    """what the generator wants the critic to say (c in least squares)"""
    critic_steps: Count = 1
    """critic updates for each generator update (k in the paper)"""
    generator_widths: tuple[Width, ...] = (256, 512)
    """units of the generator's hidden layers, from the noise on"""
    critic_widths: tuple[Width, ...] = (512, 256)
    """units of the critic's hidden layers, from the image on"""
    critic_units: Literal["leaky", "maxout"] = "leaky"
    """the critic's hidden units: LeakyReLU .2, or the largest of several linear maps"""
    maxout_pieces: Width = 5
    """linear maps a maxout unit chooses from"""
    dropout_input: Share = 0.0
    """share of the critic's inputs left out in training"""
    dropout_hidden: Share = 0.0
    """share of the critic's hidden units left out in training"""
    initial_weights: Literal["he", "paper"] = "he"
    """first weights: He's for ReLU, or the paper's, even over +-.05 (generator) and +-.005 (critic)"""
    generator_optimiser: Literal["adam", "sgd"] = "adam"
    """how the generator steps"""
    critic_optimiser: Literal["adam", "sgd"] = "adam"
    """how the critic steps; sgd beside the generator's adam is an old trick to hold the critic back"""
    generator_lr: Positive = 2e-4
    """learning rate of the generator"""
    critic_lr: Positive = 2e-4
    """learning rate of the critic"""
    momentum: Decay = 0.5
    """SGD's momentum, or Adam's first beta"""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_targets(self.objective, self.real_target, self.fake_target, self.generator_target)

    def networks(self, data: DataSpec) -> Networks:
        pieces = self.maxout_pieces if self.critic_units == "maxout" else None
        generator = MLPGenerator(self.latent, self.generator_widths, data.shape)
        critic = GANCritic(data.shape, self.critic_widths, pieces, self.dropout_input, self.dropout_hidden)
        paper = self.initial_weights == "paper"
        initialise(generator, "uniform" if paper else "he", 0.05)
        initialise(critic, "uniform" if paper else "he", 0.005)
        return Networks(generator=generator, critic=critic)

    def optimisers(self) -> Mapping[str, Optim]:
        return {
            "generator": self._optimiser("generator", self.generator_optimiser, self.generator_lr),
            "critic": self._optimiser("critic", self.critic_optimiser, self.critic_lr),
        }

    def _optimiser(self, name: str, kind: str, lr: float) -> Optim:
        if kind == "sgd":
            return SGD(name, lr=lr, momentum=self.momentum)
        return Adam(name, lr=lr, betas=(self.momentum, 0.999))

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        for _ in range(self.critic_steps):
            image = draw().image  # [N, C, H, W] or [N, D]
            with torch.no_grad():
                fakes = nets.generator(self.draw_latents(draw, len(image)))
            real, fake = nets.critic(image), nets.critic(fakes)
            losses = critic_loss(self.objective, real, fake, real_target=self.real_target, fake_target=self.fake_target)
            yield Update("critic", losses, watch=mean_logits(real, fake))
        with torch.no_grad():
            rival = nets.critic(image) if self.objective == "relativistic" else None
        fake = nets.critic(nets.generator(self.draw_latents(draw, len(image))))
        loss = generator_loss(self.objective, fake, rival, generator_target=self.generator_target)
        yield Update("generator", {"fake": loss})


# Settings by preset, with where each comes from; images are [-1, 1] with tanh here, [0, 1] with a sigmoid in the paper.
PRESETS: dict[str, dict[str, Any]] = {
    "goodfellow": {  # the authors' MNIST recipe (github.com/goodfeli/adversarial, mnist.yaml)
        "prior": "uniform",
        "ema_images": 0.0,
        "generator_widths": (1200, 1200),
        "critic_units": "maxout",  # 240 units of 5 pieces, twice
        "critic_widths": (240, 240),
        "maxout_pieces": 5,
        "dropout_input": 0.2,
        "dropout_hidden": 0.5,
        "initial_weights": "paper",
        "generator_optimiser": "sgd",
        "critic_optimiser": "sgd",
        "generator_lr": 0.1,  # divided by 1.000004 a step there, constant here
        "critic_lr": 0.1,
        "momentum": 0.5,  # risen to .7 over 250 epochs there, constant here
        "batch": 100,
        "images": 15_000_000,  # 250 epochs of 60,000
    },
}

PROOF = Proof(
    claim="A GAN on eight narrow Gaussians in a ring puts its points on all of them; of one wide Gaussian's hardly any"
    " lands there.",
    data="world:ring8",
    measure="mixture",
    share=0.1,
    bars={"modes": 8, "high_quality": 0.8},
    settings={
        "images": 1_500_000,
        "batch": 256,
        "latent": 2,  # as many numbers as a point has; with 16, two to four modes stay empty
        "generator_widths": (128, 128, 128),
        "critic_widths": (128, 128, 128),
        "generator_lr": 1e-3,
        "critic_lr": 1e-3,
        "real_target": 0.9,  # without it one seed in three leaves a mode out
    },
)
