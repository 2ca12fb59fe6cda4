"""DP-GAN: a generator that tells little of any one image. Xie et al. 2018, arXiv:1802.06739; arXiv:1607.00133.

The critic alone sees real images. Each one's gradient is clipped, noise is added to their sum, and whatever follows
from that, generator and samples, is as private (post-processing). A critic with batch norm would mix the images.

What an epoch costs: batches are cut from a permutation, so an image is in one batch of an epoch; it takes part there
with the chance `share`. That is one sum an epoch, each with noise, and no more is claimed: the smaller figures of
independent drawing of every batch (Poisson) do not hold for permutations. Real images also reach what a run writes
besides the generator: figures of scores, pictures of the data, and the number of examples are not private.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import generator_loss
from saddlepoint.losses.privacy import clipped_sum, epsilon
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.backbones.dcgan import DCGANCritic, DCGANGenerator, check_size
from saddlepoint.nn.backbones.mlp import MLPCritic, MLPGenerator
from saddlepoint.nn.layers.number import Number


@final
@dataclass(frozen=True, kw_only=True)
class DPGAN(Unconditional):
    """A DCGAN, or dense networks for points, whose discriminator (critic) learns privately.

    Epsilon is in the log as `generator/epsilon`.
    """

    takes = ImageBatch
    batch_statistics = True  # several micro-batches would each bring noise of their own: safe, but not the same
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 64}

    critic_steps: Count = 1
    """critic (discriminator) updates for each generator update, each on new images: n_d in the paper. What they show
    counts for epsilon"""
    clip: Positive = 1.0
    """norm to which the gradient of each real image is cut"""
    noise: Weight = 1.0
    """deviation of the noise, in units of `clip`; 0 for none, and no privacy"""
    share: Share = 1.0
    """chance with which an image of a batch takes part in it"""
    delta: Positive = 1e-5
    """probability with which the bound on what is told may fail; less than one over the number of images"""
    generator_width: Width = 64
    """the generator's channels at half the image's side; they double with each halving, to at most 8 times"""
    critic_width: Width = 64
    """the critic's channels at half the image's side, likewise; it has group norm"""
    widths: tuple[Width, ...] = (128, 128, 128)
    """units of both players' hidden layers, for points"""
    lr: Positive = 2e-4
    """learning rate of both players (Adam)"""
    beta1: Decay = 0.5
    """Adam's first beta, for both"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.share:
            raise ConfigError("with a share of 0 no image ever takes part: use --share 1.")

    def networks(self, data: DataSpec) -> Networks:
        examples = Number(max(1, data.examples))
        if len(data.shape) == 1:
            generator, critic = MLPGenerator(self.latent, self.widths, data.shape), MLPCritic(data.shape, self.widths)
            return Networks(generator=generator, critic=critic, examples=examples)
        size = check_size(data.size)
        return Networks(
            generator=DCGANGenerator(self.latent, data.channels, size, self.generator_width, kernel=4),
            critic=DCGANCritic(data.channels, size, self.critic_width, kernel=4, norm="group"),
            examples=examples,
        )

    def optimisers(self) -> Mapping[str, Optim]:
        return {name: Adam(name, lr=self.lr, betas=(self.beta1, 0.999)) for name in ("critic", "generator")}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        for _ in range(self.critic_steps):
            image = draw().image  # [N, C, H, W] in [-1, 1]
            n = len(image)
            with torch.no_grad():
                fakes = nets.generator(self.draw_latents(draw, n))
            kept = (draw.uniform(n) < self.share).float()
            yield Update("critic", {"private": self.surrogate(nets, draw, image, fakes, kept)})
        fake = nets.critic(nets.generator(self.draw_latents(draw, n)))
        spent = torch.tensor(min(self.spent(nets, clock), torch.finfo(torch.float32).max))
        yield Update("generator", {"fake": generator_loss("non-saturating", fake)}, watch={"epsilon": spent})

    def surrogate(self, nets: Networks, draw: Draw, image: Tensor, fakes: Tensor, kept: Tensor) -> Tensor:
        """A scalar whose gradient by the critic's weights is the noisy mean of the clipped ones.

        Its value tells nothing; the losses of real images are not private, and are not logged.
        """
        parameters = dict(nets.critic.named_parameters())

        def loss(weights: dict[str, Tensor], real: Tensor, fake: Tensor) -> Tensor:
            logits: Tensor = functional_call(nets.critic, weights, (torch.stack([real, fake]),))
            return F.softplus(-logits[0]) + F.softplus(logits[1])

        sums = clipped_sum(loss, {k: v.detach() for k, v in parameters.items()}, (image, fakes), self.clip, kept)
        expected = len(image) * self.share
        total = image.new_zeros(())
        for name, weight in parameters.items():
            noise = draw.noise(1, *weight.shape)[0] * (self.noise * self.clip)
            total = total + (weight * ((sums[name] + noise) / expected).detach()).sum()
        return total

    def spent(self, nets: Networks, clock: Clock) -> float:
        """Epsilon once this step is done, at `delta`."""
        critic_examples = self.critic_steps * (clock.examples + max(1, clock.fresh))
        epochs = math.ceil(critic_examples / int(nets.examples.value))
        return epsilon(self.share, self.noise, epochs, self.delta)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "small": {"generator_width": 16, "critic_width": 16},  # for a processor
}

PROOF = Proof(
    claim="A GAN that learns a ring of eight Gaussians at an epsilon under 10 puts its points there; of one wide"
    " Gaussian's, which no noise disturbs, hardly any land there.",
    data="world:ring8",
    measure="mixture",
    share=0.2,
    bars={"modes": 8, "high_quality": 0.5},  # all 8 and .71 in the first run
    settings={
        "examples": 400_000,  # three times as many for the critic: an epsilon under 10
        "batch": 512,
        "critic_steps": 3,  # with one, points stay in the middle of the ring
        "latent": 4,  # with 2 one seed of three left a mode out
        "widths": (128, 128),
        "noise": 2.0,
        "ema_images": 50_000.0,
        "lr": 3e-3,
    },
)
