"""ProGAN: networks that grow with their images. Karras et al. 2018, arXiv:1710.10196.

Paper          here
lambda         penalty
epsilon_drift  drift
alpha          how far the newest side is faded in, the same for generator, critic and real images
Differs from the authors' code: the average counts images (half-life `ema_images`; their .999 a step of 16 is 11,000).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Positive, Range, Weight, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.losses.adversarial import critic_loss, generator_loss
from saddlepoint.losses.penalties import gradient_penalty
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.growing import Growing
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.backbones.progressive import ProgressiveCritic, ProgressiveGenerator


@final
@dataclass(frozen=True, kw_only=True)
class ProGAN(Growing, Unconditional):
    """Starts with tiny images and doubles their side as training goes on, under the gradient penalty's loss."""

    takes = ImageBatch
    batch_statistics = True

    latent: Width = 512
    """length of the noise vector"""
    first_side: Annotated[int, Range(least=4)] = 4
    """side of the images that training begins with: 4, 8, 16 and so on"""
    base: Width = 16_384
    """channels of both players at a side are this number divided by the side"""
    most: Width = 512
    """but no more than this"""
    group: Width = 4
    """images that the discriminator (critic) compares with each other (minibatch deviation)"""
    lr: Positive = 1e-3
    """learning rate of both players (Adam, betas 0 and .99)"""
    penalty: Weight = 10.0
    """weight of the gradient penalty"""
    drift: Weight = 1e-3
    """weight of the critic's squared outputs on real images, which keeps them near zero"""

    def networks(self, data: DataSpec) -> Networks:
        image = (data.channels, self.check_side(data), self.base, self.most)
        return Networks(
            generator=ProgressiveGenerator(self.latent, *image), critic=ProgressiveCritic(*image, group=self.group)
        )

    def optimisers(self) -> Mapping[str, Optim]:
        lr, betas = self.falling(self.lr), (0.0, 0.99)
        return {name: Adam(name, lr=lr, betas=betas, parts=self.newest(name)) for name in ("generator", "critic")}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = self.faded_reals(draw().image, clock)  # [N, C, s, s] in [-1, 1], s of the stage
        n = len(image)
        with torch.no_grad():
            fakes = nets.generator(self.draw_latents(draw, n))
        real, fake = nets.critic(image), nets.critic(fakes)
        losses = critic_loss("wasserstein", real, fake)
        losses["penalty"] = self.penalty * gradient_penalty(nets.critic, image, fakes, draw.uniform(n))
        losses["drift"] = self.drift * real.float().square().mean()
        yield Update("critic", losses, watch={"wasserstein": (real - fake).detach().float().mean()})
        score = nets.critic(nets.generator(self.draw_latents(draw, n)))
        yield Update("generator", {"fake": generator_loss("wasserstein", score)})

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """As `Unconditional.generate`; images of an earlier stage are doubled to the side of the data."""
        return self.at_last_side(super().generate(nets, latents, how))


# The authors' schedules: appendix A.1; github.com/tkarras/progressive_growing_of_gans, config.py.
PRESETS: dict[str, dict[str, Any]] = {
    "v1": {  # the paper's, as for eight GPUs
        "last_side": 1024,
        "resolution": 1024,
        "images": 19_000_000,
        "fade_images": 800_000,
        "steady_images": 800_000,
        "rising_rate": False,
        "batches": (16, 16, 16, 16, 16, 16, 14, 6, 3),
    },
    "v2": {  # the published code's, for one GPU
        "last_side": 1024,
        "resolution": 1024,
        "images": 12_000_000,
        "batches": (128, 128, 128, 64, 32, 16, 8, 4, 4),
    },
    "small": {"latent": 64, "base": 1024, "most": 64},  # for a processor
}

PROOF = Proof(
    claim="A ProGAN that grows from 4x4 to 8x8 draws all ten digits, far nearer to real ones than a Gaussian over"
    " pixels does.",
    data="digits",
    measure="frechet",
    share=1 / 3,
    bars={"classes": 10},
    settings={
        "images": 130_000,
        "batch": 32,
        "latent": 64,
        "base": 512,
        "most": 32,
        "lr": 5e-3,  # 4,000 steps are too few for the authors' 1e-3
        "last_side": 8,
        "fade_images": 10_000,
        "steady_images": 10_000,
    },
)
