"""pi-GAN: a field of modulated sines for each noise vector, seen from a camera. Chan et al. 2021, arXiv:2012.00926.

Paper        here
f(z)         the mapping network; gamma and beta of each layer are its `modulation`
g            the field, `width` wide: sine layers with frequency 15 gamma + 30 and phase beta
c_phi        `sigmoid` colour, which sees the direction of the ray
D            critic with the coordinates of each place (CoordConv); it also says from where an image was taken
lambda       `pose`, 15 in the authors' code, of that position loss

growth      `sides`, the smaller ones first, `side_images` long each; both rates halve with each new side, as the
            authors' for cars do
Differs: the moments of both players go on over the stages as in the authors' code. Smaller than the paper's: as many
samples along a ray at each side, and no top-k choice of fakes. The position is a unit
vector instead of pitch and yaw, which wrap around. The density is a softplus, with which a start in black or white does
not stay there; the authors' is a ReLU. Cameras are those of the data, drawn anew, instead of a distribution to guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, final

import torch
from torch import nn
from torch.nn import functional as F

from saddlepoint.config import Count, Natural, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.losses.penalties import r1
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Stage, Update
from saddlepoint.methods.families.posed import PosedField
from saddlepoint.nn.backbones.coordinate_critic import CoordinateCritic
from saddlepoint.nn.backbones.dcgan import check_side
from saddlepoint.nn.backbones.field_generator import FieldGenerator
from saddlepoint.nn.backbones.film_siren import FilmSiren


@final
@dataclass(frozen=True, kw_only=True)
class PiGAN(PosedField):
    """Things that can be looked at from all around, learnt from one photograph of each with its camera."""

    defaults: ClassVar[Mapping[str, Any]] = {"batch": 56}

    width: Width = 256
    """width of the field's layers"""
    layers: Count = 8
    """sine layers before the density"""
    coarse: Count = 12
    """samples along a ray at random in equal parts"""
    fine: Natural = 12
    """samples along it where the light of those comes from"""
    critic_width: Width = 64
    """the discriminator's (critic's) channels at the full side; they double with each halving, to at most 400"""
    pose: Weight = 15.0
    """weight of the difference between where the critic takes an image to be seen from, and from where it is"""
    r1_weight: Weight = 0.4
    """weight of the penalty on the critic's slope at real images, halved in its formula: .2 in the paper, unhalved"""
    generator_lr: Positive = 6e-5
    """learning rate of the generator (Adam, betas 0 and .9)"""
    critic_lr: Positive = 2e-4
    """learning rate of the critic"""
    sides: tuple[Count, ...] = ()
    """sides of the images that training goes through before that of the data, such as 32 64 before 128; none for the
    data's own throughout"""
    side_images: tuple[Count, ...] = ()
    """images for which it stays at each of these sides"""
    side_batches: tuple[Count, ...] = ()
    """images in a step at each of these sides; none for the run's own batch throughout"""
    fade_images: Count = 140_000
    """images in which the critic's layers for a new side are faded in"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(2 * one != other for one, other in pairwise(self.sides)) or (self.sides and self.sides[0] < 8):
            raise ConfigError(f"sides must begin at 8 or more and double, such as 16 32, not {self.sides}.")
        if len(self.side_images) != len(self.sides) or len(self.side_batches) not in (0, len(self.sides)):
            raise ConfigError(
                f"side_images and side_batches have a number for each of the {len(self.sides)} sides, not"
                f" {len(self.side_images)} and {len(self.side_batches)}."
            )

    def stages(self) -> tuple[Stage, ...]:
        smaller = [
            Stage(examples=images, resolution=side, batch=batch, lr_scale=0.5**number)
            for number, (side, images, batch) in enumerate(
                zip(self.sides, self.side_images, self.side_batches or (None,) * len(self.sides))
            )
        ]
        return (*smaller, Stage(lr_scale=0.5 ** len(smaller)))

    def set_phase(self, nets: nn.Module, clock: Clock) -> None:
        if hasattr(nets, "critic"):
            alpha = min(clock.stage_examples / self.fade_images, 1.0) if clock.stage else 1.0
            critic: Any = nets.get_submodule("critic")
            critic.wake(len(self.sides) - clock.stage, alpha)

    def networks(self, data: DataSpec) -> Networks:
        around = self.around(data)
        side = check_side(data.resolution)
        if self.sides and 2 * self.sides[-1] != side:
            raise ConfigError(
                f"after images of {self.sides[-1]} pixels come those of {2 * self.sides[-1]}; the data has {side}: give"
                f" --resolution {2 * self.sides[-1]} or other --sides."
            )
        field = FilmSiren(self.latent, self.width, self.layers)
        generator = FieldGenerator(field, self.coarse, self.fine)
        critic = CoordinateCritic(side, self.critic_width, smaller=len(self.sides))
        return Networks(generator=generator, critic=critic, **around)

    def optimisers(self) -> Mapping[str, Optim]:
        rates = {"generator": self.generator_lr, "critic": self.critic_lr}
        return {name: Adam(name, lr=rate, betas=(0.0, 0.9)) for name, rate in rates.items()}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        views = draw()
        n, camera = len(views.image), views.camera
        rays = views.image.shape[2] * views.image.shape[3]
        with torch.no_grad():
            chance = self.draw_chance(draw, n, rays, nets.generator.samples())
            fakes = self.views_of(nets, self.draw_latents(draw, n), camera, chance)["image"]
        (real, guess), (fake, fake_guess) = nets.critic(views.image), nets.critic(fakes)
        true = self.directions_of(nets, camera)
        losses = critic_loss("non-saturating", real, fake)
        losses["pose"] = self.pose * (F.mse_loss(guess, true) + F.mse_loss(fake_guess, true)) / 2
        losses["r1"] = self.r1_weight * r1(lambda images: nets.critic(images)[0], views.image)
        yield Update("critic", losses, watch=mean_logits(real, fake))
        camera = draw().camera
        chance = self.draw_chance(draw, n, rays, nets.generator.samples())
        fakes = self.views_of(nets, self.draw_latents(draw, n), camera, chance)["image"]
        score, guess = nets.critic(fakes)
        pose = self.pose * F.mse_loss(guess, self.directions_of(nets, camera))
        yield Update("generator", {"fake": generator_loss("non-saturating", score), "pose": pose})


# Settings by preset, with where each comes from: github.com/marcoamonteiro/pi-GAN, curriculums.py.
PRESETS: dict[str, dict[str, Any]] = {
    "celeba": {"resolution": 64, "batch": 56},  # one side alone there
    "carla": {"resolution": 128, "batch": 10, "sides": (32, 64), "side_images": (300_000, 630_000),
        "side_batches": (30, 14), "coarse": 48, "fine": 48, "generator_lr": 4e-5, "critic_lr": 4e-4, "pose": 0.0,
        "r1_weight": 20.0, "clip_norm": 1.0},  # 10,000 and 45,000 steps at the smaller sides
    "small": {"latent": 64, "width": 48, "layers": 4, "coarse": 12, "fine": 0, "critic_width": 24, "batch": 16,
        "generator_lr": 3e-4, "critic_lr": 6e-4},  # for a processor
}  # fmt: skip

PROOF = Proof(
    claim="pi-GAN makes toy cars of its own that are seen from where they are asked for, and are nearer to real ones"
    " than those of a Gaussian over pixels.",
    data="world:toys",
    measure="viewpoints",
    share=0.8,
    bars={"turn": 0.8},
    settings={
        "resolution": 16,
        "examples": 31_000,
        "batch": 16,
        "latent": 32,
        "ema_images": 3_000,
        "sides": (8,),
        "side_images": (14_000,),
        "fade_images": 2_000,
        "width": 24,
        "layers": 3,
        "coarse": 9,
        "fine": 0,
        "critic_width": 24,
        "pose": 1.0,  # with 15 it outweighs what the critic says of the image; the authors have 0 for cars
        "r1_weight": 8.0,  # with 5 so small a critic outruns the field at once, with 20 colours stay mottled
        "generator_lr": 8e-4,
        "critic_lr": 1e-3,
    },
)
