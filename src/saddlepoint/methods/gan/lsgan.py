"""LSGAN: squares in place of logarithms, at its own network. Mao et al. 2017, arXiv:1611.04076, sections 3.2 and 3.3.

Paper    here
a, b, c  fake_target, real_target, generator_target

A fake that the critic already takes for real still costs as much as it is away from c, so it is drawn to where real
images are, and the gradient does not fade. The losses here are means; the authors' code sums them over the batch. Their
network is for 112 pixels: four doublings from 7x7, the first two with a layer more. Other sides have as many doublings
as lead down to at least 2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Decay, Finite, Positive, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.virtual_batch_norm import Virtually


def halvings(size: tuple[int, int]) -> int:
    """How often height and width are halved: at most four times, and down to no less than 2.

    Raises ConfigError for a size that cannot be halved twice.
    """
    times = min(4, *(((side & -side).bit_length() - 1) for side in size), min(size).bit_length() - 2)
    if times < 2:
        height, width = size
        mend = max(8, min(size) // 4 * 4)
        raise ConfigError(
            f"lsgan halves images at least twice, to 2 pixels or more: not {width}x{height}. Use --resolution {mend}."
        )
    return times


@final
class LSGANGenerator(nn.Module):
    """[N, latent] -> images [N, C, H, W] in [-1, 1]: doublings by 3x3, each of the first two with a layer more."""

    def __init__(self, latent: int, channels: int, size: tuple[int, int], width: int) -> None:
        super().__init__()
        times = halvings(size)
        self.small = (4 * width, size[0] >> times, size[1] >> times)
        self.project = nn.Linear(latent, math.prod(self.small), bias=False)
        layers: list[nn.Module] = [nn.BatchNorm2d(4 * width), nn.ReLU()]
        inputs = 4 * width
        for number in range(times):
            outputs = 4 * width if number < 2 else max(width, inputs // 2)
            strides = (2, 1) if number < 2 else (2,)
            for stride in strides:
                layers += [
                    nn.ConvTranspose2d(inputs, outputs, 3, stride, 1, output_padding=stride - 1, bias=False),
                    *(nn.BatchNorm2d(outputs), nn.ReLU()),
                ]
                inputs = outputs
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(inputs, channels, 3, 1, 1))

    def forward(self, latent: Tensor) -> Tensor:
        images: Tensor = self.layers(self.project(latent).unflatten(1, self.small)).float()
        return images.tanh()


@final
class LSGANCritic(nn.Module):
    """Images [N, C, H, W] -> [N] outputs, without a sigmoid: 5x5 convolutions, batch norm but in the first."""

    def __init__(self, channels: int, size: tuple[int, int], width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = channels
        for number in range(times := halvings(size)):
            outputs = width << number
            layers += [nn.Conv2d(inputs, outputs, 5, 2, 2, bias=number == 0)]
            layers += [*([nn.BatchNorm2d(outputs)] if number else []), nn.LeakyReLU(0.2)]
            inputs = outputs
        places = (size[0] >> times) * (size[1] >> times)
        self.layers, self.output = nn.Sequential(*layers, nn.Flatten()), nn.Linear(inputs * places, 1)

    def forward(self, image: Tensor) -> Tensor:
        outputs: Tensor = self.output(self.layers(image)).squeeze(1)
        return outputs


@final
@dataclass(frozen=True, kw_only=True)
class LSGAN(Unconditional):
    """Least squares on the authors' network for scenes; `dcgan --objective least-squares` has the loss alone."""

    takes = ImageBatch
    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 64}

    latent: Width = 1024
    """length of the noise vector"""
    prior: Literal["normal", "uniform"] = "uniform"
    """distribution of each number of the noise: N(0, 1), or even over [-1, 1]"""
    fake_target: Finite = 0.0
    """what the discriminator (critic) aims at for generated images"""
    real_target: Finite = 1.0
    """what it aims at for real ones"""
    generator_target: Finite = 1.0
    """what the generator would have the critic say; -1, 1 and 0 of the three minimise Pearson's divergence"""
    width: Width = 64
    """channels of both players nearest to the image; they double inwards, the generator's to 4 times"""
    generator_norm: Literal["batch", "virtual"] = "batch"
    """statistics in the generator: of the batch, or of each image and a batch that stays (virtual batch norm)"""
    reference: Count = 64
    """images of the batch that stays, for virtual batch norm"""
    lr: Positive = 1e-3
    """learning rate of both players (Adam)"""
    beta1: Decay = 0.5
    """Adam's first beta, for both"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fake_target >= self.real_target:
            raise ConfigError("fake_target must be less than real_target, or the critic would tell nothing apart.")

    def networks(self, data: DataSpec) -> Networks:
        image = (data.channels, data.size, self.width)
        nets = Networks(generator=LSGANGenerator(self.latent, *image), critic=LSGANCritic(*image))
        initialise(nets, "normal", 0.02)
        if self.generator_norm == "virtual":
            shape = (self.reference, self.latent)
            noise = torch.rand(shape) * 2 - 1 if self.prior == "uniform" else torch.randn(shape)
            nets.generator = Virtually(nets.generator, noise)
        return nets

    def optimisers(self) -> Mapping[str, Optim]:
        return {name: Adam(name, lr=self.lr, betas=(self.beta1, 0.999)) for name in ("generator", "critic")}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = draw().image  # [N, C, H, W] in [-1, 1]
        fakes = nets.generator(self.draw_latents(draw, len(image)))  # of one noise for both, as the authors
        real, fake = nets.critic(image), nets.critic(fakes.detach())
        targets = {"real_target": self.real_target, "fake_target": self.fake_target}
        yield Update("critic", critic_loss("least-squares", real, fake, **targets), watch=mean_logits(real, fake))
        loss = generator_loss("least-squares", nets.critic(fakes), generator_target=self.generator_target)
        yield Update("generator", {"fake": loss})


def best_outputs(real: Tensor, fake: Tensor, targets: tuple[float, float]) -> Tensor:
    """What the best critic says where the densities are `real` and `fake`: (b p + a g) / (p + g).

    targets: a, of fakes, and b. Source: equation 5 of the paper.
    """
    return (targets[1] * real + targets[0] * fake) / (real + fake)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "scenes": {"resolution": 112, "batch": 64, "ema_images": 0.0},  # section 4.1; github.com/xudonmao/LSGAN
    "pearson": {"fake_target": -1.0, "real_target": 1.0, "generator_target": 0.0},  # equation 9
    "small": {"width": 16, "latent": 100, "lr": 5e-4},  # for a processor
}

PROOF = Proof(
    claim="An LSGAN at a quarter of its network's width draws all ten digits, far nearer to real ones than a Gaussian"
    " over pixels does.",
    data="digits",
    measure="frechet",
    share=1 / 2,
    bars={"classes": 10},
    settings={"images": 150_000, "batch": 64, "width": 16, "latent": 64, "lr": 5e-4},
)
