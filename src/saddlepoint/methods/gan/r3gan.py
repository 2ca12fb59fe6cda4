"""R3GAN: pairs of real and fake, and a critic held flat at both. Huang et al. 2024, arXiv:2501.05441.

The relativistic loss compares each fake with a real image, so no mode can be dropped for free, and R1 with R2 makes the
game settle; with that the networks need no norm and no tricks. Rates, penalty, average and augmentation follow half a
cosine. Not as the authors: no classes (theirs on CIFAR-10 and ImageNet), no cutout among the augmentations, and
colours change as often as places, where theirs change half as often.

Paper          here
gamma          `gamma`; the penalties are half of it times the mean squared slope at real and at generated images
group width    `group` (the authors' code counts groups: cardinality)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from saddlepoint.config import Count, Layers, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.losses.penalties import squared_slopes
from saddlepoint.methods.base import Adam, Clock, Cosine, Draw, Ema, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.backbones.dcgan import check_side
from saddlepoint.nn.backbones.mlp import MLPCritic, MLPGenerator
from saddlepoint.nn.backbones.r3gan import R3GANCritic, R3GANGenerator
from saddlepoint.nn.layers.augment.adaptive import AdaptiveAugment
from saddlepoint.nn.layers.initialisation import initialise


@final
@dataclass(frozen=True, kw_only=True)
class R3GAN(Unconditional):
    """The modern baseline: a stable game and residual networks, for images of any power of two and for points."""

    takes = ImageBatch

    latent: Width = 64
    """length of the noise vector"""
    width: Width = 128
    """channels of both players where the side is `full_width_to` or less; they halve with each doubling beyond"""
    full_width_to: Width = 32
    """largest side, in pixels, that has all the channels"""
    blocks: Layers = 2
    """residual blocks at each side"""
    group: Width = 16
    """channels that one group of a block's 3x3 convolution sees"""
    widths: tuple[Width, ...] = (512, 512, 512)
    """units of both players' hidden layers, for points"""
    lr: Positive = 2e-4
    """learning rate of both players (Adam) at the start; it ends at a quarter"""
    gamma: Weight = 1.0
    """weight of the penalties on the slope of the discriminator (critic) at the start; it ends at a tenth. More for
    larger images"""
    ema_images: Weight = 10_000.0
    """half-life, in images, of the generator's running average at the end; it begins with none. 0 for no average"""
    augment: Share = 0.0
    """probability at the end, from none at the start, of each change that the critic sees images through"""
    decay_images: Count | None = None
    """images after which rates, penalty, average and augmentation have reached their ends; by default the whole run"""

    def networks(self, data: DataSpec) -> Networks:
        if len(data.shape) == 1:
            if self.augment:
                raise ConfigError("points cannot be turned or tinted: leave out --augment.")
            points = MLPGenerator(self.latent, self.widths, data.shape)
            nets = Networks(generator=points, critic=MLPCritic(data.shape, self.widths))
            initialise(nets, "he")
            return nets
        sides = [4 << n for n in range(check_side(data.resolution).bit_length() - 2)]  # 4, 8, ... the image's
        widths = tuple(max(self.width * self.full_width_to // max(side, self.full_width_to), 1) for side in sides)
        generator = R3GANGenerator(self.latent, data.channels, widths, self.blocks, self.group)
        critic = R3GANCritic(data.channels, widths, self.blocks, self.group)
        augment = {"augment": AdaptiveAugment()} if self.augment else {}
        return Networks(generator=generator, critic=critic, **augment)

    def optimisers(self) -> Mapping[str, Optim]:
        lr, beta2 = self._cosine(self.lr, self.lr / 4), self._cosine(0.9, 0.99)
        return {name: Adam(name, lr=lr, betas=(0.0, beta2)) for name in ("generator", "critic")}

    def ema(self) -> Ema | None:
        half_life = self._cosine(0.0, self.ema_images)
        return Ema(("generator",), half_life=half_life, ramp=None) if self.ema_images else None

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        gamma = self._cosine(self.gamma, self.gamma / 10)(clock)
        image = draw().image  # [N, C, S, S] in [-1, 1], or [N, D]
        with torch.no_grad():
            fakes = nets.generator(self.draw_latents(draw, len(image)))
        # One pass for both halves, both losses and both penalties: no norm looks across images.
        logits, squares = squared_slopes(self._critic(nets, draw, len(image), 2), torch.cat([image, fakes]))
        (real, fake), (at_real, at_fake) = logits.chunk(2), squares.chunk(2)
        losses = critic_loss("relativistic", real, fake)
        losses |= {"r1": gamma / 2 * at_real.mean(), "r2": gamma / 2 * at_fake.mean()}
        yield Update("critic", losses, watch=mean_logits(real, fake))
        image = draw().image
        with torch.no_grad():
            real = self._critic(nets, draw, len(image))(image)
        fakes = nets.generator(self.draw_latents(draw, len(image)))
        fake = self._critic(nets, draw, len(image))(fakes)
        yield Update("generator", {"pair": generator_loss("relativistic", fake, real)})

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> None:
        """Augment a little more."""
        if self.augment:
            strength, after = self._cosine(0.0, self.augment), clock.examples + clock.fresh
            # By its difference, so that a hand that has raised it stays.
            nets.augment.p += strength(dataclasses.replace(clock, examples=after)) - strength(clock)
            nets.augment.p.clamp_(0, 1)

    def _critic(self, nets: Networks, draw: Draw, n: int, batches: int = 1) -> Callable[[Tensor], Tensor]:
        """The critic of `batches` times `n` images as it sees them: each batch through a draw of augmentations."""
        if not self.augment:
            critic: Callable[[Tensor], Tensor] = nets.critic
            return critic
        chance = torch.cat([draw.uniform(n, AdaptiveAugment.ROWS, 3) for _ in range(batches)])
        return lambda images: nets.critic(nets.augment(images, chance))

    def _cosine(self, start: float, end: float) -> Cosine:
        return Cosine(start, end, self.decay_images)


# Settings by preset, with where each comes from: github.com/brownvc/R3GAN, train.py.
PRESETS: dict[str, dict[str, Any]] = {
    "cifar10": {
        "resolution": 32,
        "width": 768,
        "gamma": 0.05,
        "augment": 0.55,
        "ema_images": 5e6,
        "decay_images": 20_000_000,
        "batch": 512,
    },
    "ffhq64": {
        "resolution": 64,
        "width": 768,  # 384 at 64x64
        "gamma": 2.0,
        "augment": 0.3,
        "ema_images": 5e5,
        "decay_images": 20_000_000,
        "batch": 256,
    },
    "ffhq256": {
        "resolution": 256,
        "width": 768,  # 384, 192, 96 at 64x64, 128x128, 256x256
        "gamma": 150.0,
        "augment": 0.3,
        "ema_images": 5e5,
        "decay_images": 20_000_000,
        "batch": 256,
    },
    "imagenet32": {
        "resolution": 32,
        "width": 1536,
        "group": 32,
        "gamma": 0.5,
        "augment": 0.5,
        "ema_images": 5e7,
        "decay_images": 200_000_000,
        "batch": 4096,
    },
    "imagenet64": {
        "resolution": 64,
        "width": 1536,
        "full_width_to": 64,
        "group": 32,
        "gamma": 1.0,
        "augment": 0.4,
        "ema_images": 5e7,
        "decay_images": 200_000_000,
        "batch": 4096,
    },
    "small": {"width": 32},  # for a processor
}

PROOF = Proof(
    claim="R3GAN on a grid of 25 narrow Gaussians reaches at least 24 of them; one wide Gaussian hits few.",
    data="world:grid25",
    measure="grid",
    share=0.2,
    bars={"modes": 24},
    settings={
        "images": 1_500_000,
        "batch": 256,
        "latent": 2,
        "gamma": 0.1,  # the weight that WGAN-GP's authors give their penalty on this grid
        "lr": 1e-3,  # 6,000 steps are too few for the networks' own 2e-4
        "widths": (128, 128, 128),
    },
)
