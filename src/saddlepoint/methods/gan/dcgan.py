"""DCGAN: strided convolutions and batch norm all the way. Radford et al. 2016, arXiv:1511.06434, section 3.

Paper                    here
project and reshape      `project`: linear, to 4x4 maps (2x2 for images of 8x8)
fractional-strided conv  transposed convolution, stride 2
discriminator            critic
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import Objective, check_targets, critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Networks, Optim, Proof, Update
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.layers.initialisation import initialise


def smallest(resolution: int) -> int:
    """Side of the smallest maps: the paper's 4, but 2 for images of 8x8, which one layer alone does not learn."""
    return min(4, resolution // 4)


def widths(resolution: int, width: int) -> list[int]:
    """Channels at resolution/2, resolution/4, ..., `smallest`: doubling from `width` to at most 8 times it.

    64 and 64 give [64, 128, 256, 512]; the eightfold cap is the paper's four layers, and holds for larger images.
    """
    halvings = (resolution // smallest(resolution)).bit_length() - 1  # 8 -> 2, 16 -> 2, 32 -> 3, 64 -> 4
    return [width * min(2**index, 8) for index in range(halvings)]


@final
class DCGANGenerator(nn.Module):
    """[N, latent] -> images [N, C, S, S] in [-1, 1], float32: doubled from 4x4 up by transposed convolutions.

    Batch norm and ReLU after every layer but the last, which has tanh. No biases: batch norm has its own.
    """

    def __init__(self, latent: int, channels: int, resolution: int, width: int, kernel: int) -> None:
        super().__init__()
        maps = widths(resolution, width)[::-1]  # the smallest first
        self.side = smallest(resolution)
        self.project = nn.Linear(latent, self.side**2 * maps[0], bias=False)
        layers: list[nn.Module] = [nn.BatchNorm2d(maps[0]), nn.ReLU(inplace=True)]
        for wide, narrow in pairwise(maps):
            layers += [_double(wide, narrow, kernel), nn.BatchNorm2d(narrow), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers, _double(maps[-1], channels, kernel))
        initialise(self, "normal", 0.02)

    def forward(self, latent: Tensor) -> Tensor:
        x = self.project(latent).view(len(latent), self.side, self.side, -1).permute(0, 3, 1, 2)  # born channels last
        images: Tensor = self.layers(x).float().tanh()
        return images


@final
class DCGANCritic(nn.Module):
    """Images [N, C, S, S] -> [N] logits: halved to 4x4 by strided convolutions, then one linear map.

    LeakyReLU .2 after every convolution, batch norm before it in all but the first.
    """

    def __init__(self, channels: int, resolution: int, width: int, kernel: int) -> None:
        super().__init__()
        maps = widths(resolution, width)
        layers: list[nn.Module] = [_halve(channels, maps[0], kernel), nn.LeakyReLU(0.2, inplace=True)]
        for narrow, wide in pairwise(maps):
            layers += [_halve(narrow, wide, kernel), nn.BatchNorm2d(wide), nn.LeakyReLU(0.2, inplace=True)]
        self.layers = nn.Sequential(*layers)
        self.output = nn.Linear(smallest(resolution) ** 2 * maps[-1], 1, bias=False)
        initialise(self, "normal", 0.02)

    def forward(self, image: Tensor) -> Tensor:
        x = self.layers(image).permute(0, 2, 3, 1).flatten(1)  # no copy where the maps are channels last
        logits: Tensor = self.output(x).squeeze(1)
        return logits


def _double(inputs: int, outputs: int, kernel: int) -> nn.Module:
    # 4x4 with padding 1 doubles exactly; 5x5 with padding 2 needs one row and column more.
    extra = kernel % 2
    return nn.ConvTranspose2d(inputs, outputs, kernel, 2, (kernel - 1) // 2, output_padding=extra, bias=False)


def _halve(inputs: int, outputs: int, kernel: int) -> nn.Module:
    return nn.Conv2d(inputs, outputs, kernel, 2, (kernel - 1) // 2, bias=False)


@final
@dataclass(frozen=True, kw_only=True)
class DCGAN(Unconditional):
    """The convolutional GAN that most others start from: sides 8, 16, 32, 64 and so on, grey or colour."""

    takes = ImageBatch
    batch_statistics = True

    generator_width: int = 64
    """the generator's channels at half the image's side; they double with each halving, to at most 8 times"""
    critic_width: int = 64
    """the critic's channels at half the image's side, likewise"""
    kernel: Literal[4, 5] = 4
    """side of every kernel: 5 as the authors, 4 as the Torch port that most copies follow"""
    objective: Objective = "non-saturating"
    """what the two players minimise"""
    real_target: float = 1.0
    """what the critic aims at for real images (.9 smooths it on one side)"""
    generator_lr: float = 2e-4
    """learning rate of the generator"""
    critic_lr: float = 2e-4
    """learning rate of the critic"""
    beta1: float = 0.5
    """Adam's first beta, for both"""
    beta2: float = 0.999
    """Adam's second beta, for both"""
    weight_decay: float = 0.0
    """L2 penalty on the weights, for both"""

    def __post_init__(self) -> None:
        check_targets(self.objective, self.real_target)

    def networks(self, data: DataSpec) -> Networks:
        side = data.resolution
        if side < 8 or side & (side - 1):
            raise ConfigError(
                f"dcgan halves and doubles, so the side must be 8, 16, 32, 64 and so on, not {side}. "
                f"Use --resolution {max(8, 1 << (side.bit_length() - 1))}."
            )
        return Networks(
            generator=DCGANGenerator(self.latent, data.channels, side, self.generator_width, self.kernel),
            critic=DCGANCritic(data.channels, side, self.critic_width, self.kernel),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        rates = {"generator": self.generator_lr, "critic": self.critic_lr}
        betas = (self.beta1, self.beta2)
        return {name: Adam(name, lr=lr, betas=betas, weight_decay=self.weight_decay) for name, lr in rates.items()}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Iterator[Update]:
        image = draw().image  # [N, C, S, S] in [-1, 1]
        # One set of fakes for both players, as in the Torch port: holding its graph saves a pass through the generator.
        fakes = nets.generator(self.draw_latents(draw, len(image)))
        real, fake = nets.critic(image), nets.critic(fakes.detach())  # apart: batch norm must not see both at once
        losses = critic_loss(self.objective, real, fake, real_target=self.real_target)
        yield Update("critic", losses, watch=mean_logits(real, fake))
        with torch.no_grad():
            rival = nets.critic(image) if self.objective == "relativistic" else None
        yield Update("generator", {"fake": generator_loss(self.objective, nets.critic(fakes), rival)})


# Settings by preset, with where each comes from; the authors train 25 epochs of their own set (give --images).
PRESETS: dict[str, dict[str, Any]] = {
    "authors": {  # github.com/Newmu/dcgan_code, faces/train_uncond_dcgan.py: 4x4x1024 to 64x64x3
        "resolution": 64,
        "generator_width": 128,
        "critic_width": 128,
        "kernel": 5,
        "prior": "uniform",
        "weight_decay": 1e-5,
        "ema_images": 0.0,
        "batch": 128,
    },
    "port": {  # github.com/soumith/dcgan.torch, main.lua: 4x4x512 to 64x64x3
        "resolution": 64,
        "kernel": 4,
        "ema_images": 0.0,
        "batch": 64,
    },
    "32": {  # the form taught for 32x32: generator from 4x4x512, critic to 4x4x256
        "resolution": 32,
        "generator_width": 128,
        "critic_width": 64,
        "kernel": 5,
        "ema_images": 0.0,
        "batch": 64,
    },
}

PROOF = Proof(
    claim="A DCGAN trained for a minute and a half draws all ten digits, far nearer to real ones than a Gaussian over"
    " pixels does.",
    data="digits",
    measure="frechet",
    share=1 / 3,
    bars={"classes": 10},
    settings={"images": 300_000, "batch": 64},
)
