"""HoloGAN: features in space, turned as a camera asks, flattened and drawn. Nguyen-Phuoc et al. 2019, arXiv:1904.01326.

Paper        here
z            latent, even over [-1, 1]; it enters as the mean and spread of every instance norm (AdaIN)
3-D features `constant` and the layers in space, without a camera
theta        the camera's rotation, by which these are resampled, what lies outside being zero
projection   the depth becomes channels and a 1x1 convolution mixes them: no ray is marched, though often taught so
L_identity   `identity`: the critic tells the latent that an image was made from
style discriminators  `styles`, their weight: each judges the mean and spread that a layer's instance norm takes out
Not the paper's: `pose`, 0 by default: the critic learns of real images whence each is seen, and the generator is to be
read so. Without it nothing says that the camera is meant, and the latent may turn things by itself.
Smaller than the paper's: the camera turns only, and neither moves nor zooms. Cameras are those of the data instead of a
distribution to guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import torch
from torch.nn import functional as F

from saddlepoint.config import Count, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.posed import Posed
from saddlepoint.nn.backbones.dcgan import check_side
from saddlepoint.nn.backbones.hologan import HoloCritic, HoloGenerator


@final
@dataclass(frozen=True, kw_only=True)
class HoloGAN(Posed):
    """Images of things that can be turned, learnt from one photograph of each; quick, since no ray is marched."""

    batch_statistics = True  # each pass moves the vectors of spectral norm
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 32}

    latent: Count = 128
    """length of the noise vector"""
    prior: Literal["normal", "uniform"] = "uniform"
    """distribution of each number of the noise: N(0, 1), or even over [-1, 1] as in the paper"""
    width: Width = 512
    """channels of the first maps in space; a quarter at the next side, and then half as many each time"""
    critic_width: Width = 64
    """the discriminator's (critic's) channels in its first layer; they double with each halving, to 8 times"""
    identity: Weight = 1.0
    """weight of the difference between the latent and the one that the critic tells from the image"""
    pose: Weight = 0.0
    """weight of the difference between where the critic, which learns it of real images, takes one to be seen from, and
    where it is seen from; 0, as in the paper, leaves it to the generator whether the camera matters"""
    styles: Weight = 0.0
    """weight of what the critic tells of real and generated images by the mean and spread of each layer that is
    normalised, such as colours and contrast; 1 in the paper at 128 pixels, 0 at 64"""
    lr: Positive = 1e-4
    """learning rate of both players (Adam)"""

    def networks(self, data: DataSpec) -> Networks:
        around = self.around(data)
        side = check_side(data.resolution)
        if side < 32:
            raise ConfigError(f"HoloGAN's maps in space end at a quarter of the side: use --resolution 32, not {side}.")
        generator = HoloGenerator(self.latent, side, self.width)
        critic = HoloCritic(self.latent, side, self.critic_width, directed=self.pose > 0, styled=self.styles > 0)
        return Networks(generator=generator, critic=critic, **around)

    def optimisers(self) -> Mapping[str, Optim]:
        return {name: Adam(name, lr=self.lr, betas=(0.5, 0.999)) for name in ("generator", "critic")}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        views = draw()
        n, camera = len(views.image), views.camera
        latents = self.draw_latents(draw, n)
        with torch.no_grad():
            fakes = self.views_of(nets, latents, camera)["image"]
        real, fake = nets.critic(views.image), nets.critic(fakes)
        losses = critic_loss("non-saturating", real.logit, fake.logit)
        losses["identity"] = self.identity * F.mse_loss(fake.code, latents)
        if real.direction is not None:
            losses["pose"] = self.pose * F.mse_loss(real.direction, self.directions_of(nets, camera))
        if real.style is not None:
            apart = critic_loss("non-saturating", real.style, fake.style)
            losses["styles"] = self.styles * real.style.shape[1] * torch.stack(list(apart.values())).sum()
        yield Update("critic", losses, watch=mean_logits(real.logit, fake.logit))
        latents, camera = self.draw_latents(draw, n), draw().camera
        fake = nets.critic(self.views_of(nets, latents, camera)["image"])
        losses = {
            "fake": generator_loss("non-saturating", fake.logit),
            "identity": self.identity * F.mse_loss(fake.code, latents),
        }
        if fake.direction is not None:
            losses["pose"] = self.pose * F.mse_loss(fake.direction, self.directions_of(nets, camera))
        if fake.style is not None:
            losses["styles"] = self.styles * fake.style.shape[1] * generator_loss("non-saturating", fake.style)
        yield Update("generator", losses)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper64": {"resolution": 64, "batch": 32},  # github.com/thunguyenphuoc/HoloGAN, config_HoloGAN.json
    "small": {"latent": 64, "width": 128, "critic_width": 24, "lr": 4e-4},  # for a processor
}

PROOF = Proof(
    claim="HoloGAN makes toy cars of its own that are seen from where they are asked for, and are nearer to real ones"
    " than those of a Gaussian over pixels.",
    data="world:toys",
    measure="viewpoints",
    share=0.8,
    bars={"turn": 0.8},
    settings={
        "examples": 40_000,
        "batch": 8,
        "latent": 32,
        "ema_images": 4_000,
        "width": 64,
        "critic_width": 16,
        "identity": 0.1,  # with 1 a car is painted with the latent, so that the critic can tell it
        "pose": 3.0,
        "styles": 2.0,  # else nothing sees colours fade: instance norm takes contrast and tint out
        "lr": 5e-4,
    },
)
