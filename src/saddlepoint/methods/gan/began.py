"""BEGAN: a critic that rebuilds images, kept in balance. Berthelot et al. 2017, arXiv:1703.10717, section 3.

Paper             here
discriminator D   critic: an encoder and a decoder
L(v)              mean of |v - D(v)| over the numbers of an image (eta of 1)
k_t, lambda_k     `k`, `k_rate`
M_global          `convergence`
n, N_h, N_z       width, code, latent

Both players move at once, each by Adam, as the paper's equations have it. Its vanishing residuals, an optional start of
training, are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Positive, Share
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.methods.base import Adam, Clock, Draw, Held, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.backbones.dcgan import check_side
from saddlepoint.nn.layers.number import Number


def smallest(side: int) -> int:
    """Side of the maps between convolutions and code: the paper's 8, but 4 for images of 8x8, to halve once."""
    return min(8, side // 2)


class Encoder(nn.Module):
    """Images to codes: two 3x3 convolutions a size, `width` more channels with each halving, then one linear layer."""

    def __init__(self, code: int, channels: int, side: int, width: int) -> None:
        super().__init__()
        small = smallest(side)
        counts = [width * (level + 1) for level in range((side // small).bit_length())]
        layers: list[nn.Module] = [_conv(channels, width), nn.ELU(), _conv(width, width), nn.ELU()]
        for inputs, outputs in pairwise(counts):
            layers += [_conv(inputs, outputs, stride=2), nn.ELU(), _conv(outputs, outputs), nn.ELU()]
        self.layers = nn.Sequential(*layers)
        self.project = nn.Linear(counts[-1] * small**2, code)

    def forward(self, images: Tensor) -> Tensor:
        """[N, C, S, S] to [N, code]."""
        projected: Tensor = self.project(self.layers(images).flatten(1))
        return projected


class Decoder(nn.Module):
    """Codes to images: a linear layer, then two 3x3 convolutions a size, doubled by nearest neighbours; no last tanh.

    Each doubled map has the first one, enlarged to its size, beside it (the paper's skip connections).
    """

    def __init__(self, code: int, channels: int, side: int, width: int) -> None:
        super().__init__()
        small = smallest(side)
        self.project = nn.Linear(code, width * small**2)
        self.shape = (width, small, small)
        doublings = (side // small).bit_length() - 1
        self.levels = nn.ModuleList(
            nn.Sequential(_conv(inputs, width), nn.ELU(), _conv(width, width), nn.ELU())
            for inputs in [width] + [2 * width] * doublings
        )
        self.output = _conv(width, channels)

    def forward(self, codes: Tensor) -> Tensor:
        """[N, code] to [N, C, S, S], float32."""
        first = self.project(codes).unflatten(1, self.shape)
        maps = self.levels[0](first)
        for level in list(self.levels)[1:]:
            maps = F.interpolate(maps, scale_factor=2.0, mode="nearest")
            maps = level(torch.cat([maps, F.interpolate(first, size=maps.shape[2:], mode="nearest")], dim=1))
        images: Tensor = self.output(maps).float()
        return images


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1)


@final
@dataclass(frozen=True, kw_only=True)
class BEGAN(Unconditional):
    """A critic that is an autoencoder, a generator that has the shape of its decoder: sides 8, 16, 32 and so on."""

    takes = ImageBatch

    latent: Count = 64
    """length of the noise vector"""
    prior: Literal["normal", "uniform"] = "uniform"
    """distribution of each number of the noise: N(0, 1), or even over [-1, 1]"""
    code: Count = 64
    """numbers that the discriminator (critic) makes of an image and rebuilds it from"""
    width: Count = 64
    """channels of both decoders, and of the encoder at the full side; it has this many more with each halving"""
    gamma: Share = 0.5
    """how badly the critic should rebuild made images beside real ones, as a share: less for finer but more similar
    images, more for more diverse ones"""
    k_rate: Positive = 1e-3
    """how fast the weight k of the critic's loss on made images follows the balance (lambda_k)"""
    lr: Positive = 1e-4
    """learning rate of both players at the start (Adam)"""
    stall_images: Count = 320_000
    """images over which the measure of convergence is averaged: both rates halve when it is no less than ever before"""
    beta1: Decay = 0.9
    """Adam's first beta, for both"""
    beta2: Decay = 0.999
    """Adam's second beta, for both"""

    def networks(self, data: DataSpec) -> Networks:
        image = (data.channels, check_side(data.resolution), self.width)
        return Networks(
            generator=Decoder(self.latent, *image),
            critic=nn.Sequential(Encoder(self.code, *image), Decoder(self.code, *image)),
            k=Number(0.0),
            rate=Number(self.lr),
            convergence=Number(0.0),  # of the last step
            window=Number(torch.zeros(2)),  # the sum of it over images since the last look, and how many these are
            least=Number(torch.finfo().max),  # its least mean over a window so far; infinity fits no checkpoint
        )

    def optimisers(self) -> Mapping[str, Optim]:
        betas = (self.beta1, self.beta2)
        return {name: Adam(name, lr=Held("rate"), betas=betas) for name in ("generator", "critic")}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = draw().image  # [N, C, S, S] in [-1, 1]
        with torch.no_grad():
            fakes = nets.generator(self.draw_latents(draw, len(image)))
        losses = {"real": distance(nets.critic, image), "fake": -nets.k.value * distance(nets.critic, fakes)}
        # The measure holds the size of a mean, which no mean over parts of a batch is: `after_step` takes it, and the
        # log has it one step late.
        watch = {"k": nets.k.value, "rate": nets.rate.value, "convergence": nets.convergence.value}
        generated = nets.generator(self.draw_latents(draw, len(image)))
        yield (
            Update("critic", losses, watch=watch),
            Update("generator", {"fake": distance(nets.critic, generated)}),
        )

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> None:
        real, fake = report["critic/real"], report["generator/fake"]
        balance = self.gamma * real - fake
        nets.k.value.add_(self.k_rate * balance).clamp_(0, 1)
        nets.convergence.value.copy_(real + balance.abs())
        self._slow_down(nets, clock.fresh)

    def _slow_down(self, nets: Networks, images: int) -> None:
        """Halve the rate when the measure's mean over a window is no less than the least before."""
        window, least = nets.window.value, nets.least.value
        window += images * torch.stack([nets.convergence.value, torch.ones_like(least)])
        full = window[1] >= self.stall_images
        mean = window[0] / window[1]
        nets.rate.value.mul_(torch.where(full & (mean >= least), 0.5, 1.0))
        least.copy_(torch.where(full, torch.minimum(least, mean), least))
        window.mul_(~full)


def distance(critic: nn.Module, images: Tensor) -> Tensor:
    """Mean absolute difference between images and what the critic rebuilds of them (L, with eta of 1)."""
    return F.l1_loss(critic(images), images)


# Settings by preset: sections 4.1 and 4.2; no averages there, and 16 images a step in the copies that followed.
PRESETS: dict[str, dict[str, Any]] = {
    "paper-32": {"resolution": 32, "width": 64, "batch": 16, "ema_images": 0.0},  # the small ones, in a few hours
    "paper-128": {"resolution": 128, "width": 128, "batch": 16, "ema_images": 0.0},  # faces; the largest: n = 128
}

PROOF = Proof(
    claim="BEGAN draws all ten digits, at less than a third of the distance of a Gaussian over pixels.",
    data="digits",
    measure="frechet",
    share=1 / 3,
    bars={"classes": 10},
    settings={
        "images": 64_000,
        "batch": 32,
        "width": 16,  # 64 to 128 in the paper, on faces
        "latent": 10,  # 64 there, as many as an image of digits has pixels; likewise the code
        "code": 10,
        "gamma": 1.0,  # .3 to .7 there; a one is so easily rebuilt that at .7 all samples are ones
        "lr": 3e-4,  # three times the paper's; at 1e-3 the samples fall back to two or three digits
        "k_rate": 1e-2,  # ten times the paper's, whose runs have a hundred times the steps
        "stall_images": 30_000,
        "ema_images": 4000.0,
    },
)
