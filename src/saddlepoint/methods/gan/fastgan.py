"""FastGAN: few photographs on modest hardware. Liu et al. 2021, arXiv:2101.04775.

Skip-layer excitation lets coarse maps gate fine ones, so gradients have a short way; the discriminator (critic) must
also be able to redraw real images from its maps, which keeps it from learning a hundred photographs by heart; both
sides see images through DiffAugment (Zhao et al. 2020, arXiv:2006.10738).

Paper             here
L_D, eq. 2        "real" and "fake" (hinge with a random margin of .8 to 1, as the authors' code), "redrawn"
L_recons, eq. 1   `reconstruction` times the mean absolute difference; the authors' code measures LPIPS, which needs VGG
L_G, eq. 3        "fake"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from torch import Tensor
from torch.nn import functional as F

from saddlepoint.config import Decay, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.losses.adversarial import generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.backbones.fastgan import (
    Decoders,
    FastGANCritic,
    FastGANGenerator,
    Judged,
    check_fast_side,
    shrunk,
    small_side,
)
from saddlepoint.nn.layers.augment.differentiable import NUMBERS, augmented


@final
@dataclass(frozen=True, kw_only=True)
class FastGAN(Unconditional):
    """For a hundred photographs or a few thousand: sides 16 to 1024, grey or colour."""

    takes = ImageBatch
    batch_statistics = True
    defaults = {"batch": 8}

    latent: Width = 256
    """length of the noise vector"""
    generator_width: Width = 64
    """the generator's channels at 128 pixels; 16 times as many at 4"""
    critic_width: Width = 64
    """the critic's channels at 128 pixels; 16 times as many at 8"""
    lr: Positive = 2e-4
    """learning rate of both players (Adam)"""
    beta1: Decay = 0.5
    """Adam's first beta, for both"""
    reconstruction: Weight = 1.0
    """weight of redrawing real images from the critic's maps; 0 for none"""
    augment: bool = True
    """whether both sides are seen in changed colours and shifted (DiffAugment)"""
    ema_images: Weight = 5500.0
    """half-life, in images, of the generator's running average that makes the samples; 0 for none"""

    def networks(self, data: DataSpec) -> Networks:
        side = check_fast_side(*data.size)
        decoder = {"decoder": Decoders(data.channels, side, self.critic_width)} if self.reconstruction else {}
        return Networks(
            generator=FastGANGenerator(self.latent, data.channels, side, self.generator_width),
            critic=FastGANCritic(data.channels, side, self.critic_width),
            **decoder,
        )

    def optimisers(self) -> Mapping[str, Optim]:
        critic = ("critic", "decoder") if self.reconstruction else ("critic",)
        groups = {"generator": ("generator",), "critic": critic}
        return {group: Adam(*names, lr=self.lr, betas=(self.beta1, 0.999)) for group, names in groups.items()}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = draw().image  # [N, C, S, S] in [-1, 1]
        n, side = len(image), image.shape[-1]
        fakes = nets.generator.both(self.draw_latents(draw, n))  # one set for both players, as the authors' code
        image = augmented(image, draw.uniform(n, NUMBERS)) if self.augment else image
        chance = draw.uniform(n, NUMBERS)
        real: Judged = nets.critic(image, shrunk(image, small_side(side)))
        fake: Judged = nets.critic(*(self._changed(each.detach(), chance) for each in fakes))
        losses = {
            "real": F.relu(0.8 + 0.2 * draw.uniform(n, real.logits.shape[1]) - real.logits).mean(),
            "fake": F.relu(0.8 + 0.2 * draw.uniform(n, real.logits.shape[1]) + fake.logits).mean(),
        }
        if self.reconstruction:
            part = (draw.uniform(n) * 4).long()
            losses["redrawn"] = self.reconstruction * nets.decoder(image, real, part)
        yield Update("critic", losses, watch=mean_logits(real.logits, fake.logits))
        judged: Judged = nets.critic(*(self._changed(each, chance) for each in fakes))
        yield Update("generator", {"fake": generator_loss("hinge", judged.logits)})

    def _changed(self, images: Tensor, chance: Tensor) -> Tensor:
        return augmented(images, chance) if self.augment else images


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "256": {"resolution": 256, "batch": 8, "images": 400_000},  # github.com/odegeasslbc/FastGAN-pytorch, train.py
    "1024": {"resolution": 1024, "batch": 8, "images": 400_000},  # the same
    "small": {"generator_width": 16, "critic_width": 16},  # for a processor
}

PROOF = Proof(
    claim="FastGAN at narrow widths draws digits, far nearer to real ones than a Gaussian over pixels does.",
    data="digits",
    measure="frechet",
    share=1 / 3,
    settings={
        "resolution": 16,
        "images": 45_000,
        "batch": 16,
        "generator_width": 4,
        "critic_width": 4,
        "latent": 32,
        "lr": 5e-4,  # few steps
    },
)
