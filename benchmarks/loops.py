"""Training loops as people copy them today, for benchmarks to stand beside: DCGAN of the tutorials and a plain VAE.

They are written here and named for what they are: channels first, images normalised in float32 batch by batch, Adam as
it comes, no running average, the widths of their papers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from saddlepoint.nn.backbones.dcgan import smallest, widths

LATENT, WIDTH, RATE = 100, 64, 2e-4
CODE, STAGES = 64, (128, 256, 512, 1024)


@dataclass(frozen=True)
class Loop:
    """A loop that trains. step: one update of all players. sample: so many images in [-1, 1], [N, C, S, S].

    batch: images that a step is shown. weights: that are trained.
    """

    step: Callable[[], object]
    sample: Callable[[int], Tensor]
    batch: int
    weights: int


class PlainGenerator(nn.Sequential):
    """[N, latent, 1, 1] -> images [N, C, S, S], as tutorials write it."""

    def __init__(self, resolution: int, channels: int = 3) -> None:
        maps = widths(resolution, WIDTH)[::-1]
        layers: list[nn.Module] = [nn.ConvTranspose2d(LATENT, maps[0], smallest(resolution), bias=False)]
        for wide, narrow in pairwise([*maps, channels]):
            layers += [nn.BatchNorm2d(wide), nn.ReLU(True), nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False)]
        super().__init__(*layers, nn.Tanh())


class PlainCritic(nn.Sequential):
    """Images [N, C, S, S] -> [N, 1, 1, 1] probabilities, as tutorials write it."""

    def __init__(self, resolution: int, channels: int = 3) -> None:
        maps = widths(resolution, WIDTH)
        layers: list[nn.Module] = [nn.Conv2d(channels, maps[0], 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
        for narrow, wide in pairwise(maps):
            layers += [nn.Conv2d(narrow, wide, 4, 2, 1, bias=False), nn.BatchNorm2d(wide), nn.LeakyReLU(0.2, True)]
        super().__init__(*layers, nn.Conv2d(maps[-1], 1, smallest(resolution), bias=False), nn.Sigmoid())


class PlainVAE(nn.Module):
    """Images [N, C, S, S] in [0, 1] with convolutions of the widths that pythae's benchmarks have; S of 32 or 64."""

    def __init__(self, resolution: int, channels: int) -> None:
        super().__init__()
        down: list[nn.Module] = []
        for narrow, wide in pairwise((channels, *STAGES)):
            down += [nn.Conv2d(narrow, wide, 4, 2, 1), nn.BatchNorm2d(wide), nn.ReLU(True)]
        numbers, side = STAGES[-1] * (resolution // 16) ** 2, resolution // 8
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(numbers, 2 * CODE))
        up: list[nn.Module] = [nn.Linear(CODE, STAGES[-1] * side**2), nn.Unflatten(1, (STAGES[-1], side, side))]
        for wide, narrow in pairwise(STAGES[::-1]):
            up += [nn.ConvTranspose2d(wide, narrow, 4, 2, 1), nn.BatchNorm2d(narrow), nn.ReLU(True)]
        self.decoder = nn.Sequential(*up, nn.Conv2d(STAGES[0], channels, 3, 1, 1), nn.Sigmoid())


def dcgan_of_tutorials(pixels: np.ndarray, batch: int = 128) -> Loop:
    """BCELoss on probabilities, one backward for real and one for fake images, the critic's gradients in the
    generator's turn too.  pixels: uint8 [N, C, S, S]"""
    critic, generator = (net(pixels.shape[-1], pixels.shape[1]) for net in (PlainCritic, PlainGenerator))
    criterion = nn.BCELoss()
    critic_optimiser, generator_optimiser = (
        torch.optim.Adam(net.apply(_initialise).parameters(), lr=RATE, betas=(0.5, 0.999))
        for net in (critic, generator)
    )
    draw = np.random.default_rng(0)

    def judge(images: Tensor, target: float) -> float:
        scores = critic(images).view(-1)
        criterion(scores, torch.full((batch,), target)).backward()
        return float(scores.mean())

    def step() -> None:
        real = torch.from_numpy(pixels[draw.integers(0, len(pixels), batch)]).float().div(255).sub(0.5).div(0.5)
        critic.zero_grad()
        judge(real, 1.0)
        fake = generator(torch.randn(batch, LATENT, 1, 1))
        judge(fake.detach(), 0.0)
        critic_optimiser.step()
        generator.zero_grad()
        judge(fake, 1.0)
        generator_optimiser.step()

    def sample(count: int) -> Tensor:
        return _in_parts(generator, count, lambda n: torch.randn(n, LATENT, 1, 1))

    return Loop(step, sample, batch, _weights(critic, generator))


def vae_of_pythae(pixels: np.ndarray, batch: int = 64) -> Loop:
    """Half the summed squared error and the KL divergence to N(0, 1), Adam at 1e-4.  pixels: uint8 [N, C, S, S]"""
    net = PlainVAE(pixels.shape[-1], pixels.shape[1])
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-4)
    draw = np.random.default_rng(0)

    def step() -> None:
        real = torch.from_numpy(pixels[draw.integers(0, len(pixels), batch)]).float().div(255)
        mean, log_variance = net.encoder(real).chunk(2, 1)
        answer = net.decoder(mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean))
        error = 0.5 * functional.mse_loss(answer, real, reduction="sum") / batch
        divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1).mean()
        optimiser.zero_grad()
        (error + divergence).backward()
        optimiser.step()

    def sample(count: int) -> Tensor:
        return _in_parts(net.decoder, count, lambda n: torch.randn(n, CODE)) * 2 - 1

    return Loop(step, sample, batch, _weights(net))


def _initialise(module: nn.Module) -> None:
    """Weights N(0, .02), scales of batch norm N(1, .02)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


@torch.inference_mode()
def _in_parts(net: nn.Module, count: int, noise: Callable[[int], Tensor], size: int = 100) -> Tensor:
    net.eval()
    images = torch.cat([net(noise(min(size, count - first))) for first in range(0, count, size)])
    net.train()
    return images


def _weights(*nets: nn.Module) -> int:
    return sum(weights.numel() for net in nets for weights in net.parameters())
