"""LAPGAN: small games from a coarse image to its details. Denton et al. 2015, arXiv:1506.05751, section 3.

Paper       here
d(.), u(.)  `halved` (means of 2x2), `doubled` (bilinear)
h_k         the residual of level k: an image without what its halving keeps
G_k, D_k    level k of `generator` and of `critic`; the coarsest level is a pair of dense networks

Each level is a game of its own: its generator gets the coarse image of a real one and adds details, and its critic
judges the sum. So all levels learn at once, and one update moves all of them. The critic's first operation adds coarse
image and residual, as in the authors' code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Decay, Natural, Positive, Share, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import normal_rows
from saddlepoint.losses.adversarial import critic_loss, generator_loss
from saddlepoint.methods.base import SGD, Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.backbones.mlp import MLPGenerator


def halved(images: Tensor) -> Tensor:
    """[N, C, H, W] -> [N, C, H/2, W/2]"""
    return F.avg_pool2d(images, 2)


def doubled(images: Tensor) -> Tensor:
    """[N, C, H, W] -> [N, C, 2H, 2W]"""
    return F.interpolate(images, scale_factor=2.0, mode="bilinear", align_corners=False)


def pyramid(images: Tensor, levels: int) -> list[Tensor]:
    """Residuals from the finest to the coarsest level, and the coarse image that is left."""
    residuals = []
    for _ in range(levels):
        coarse = halved(images)
        residuals.append(images - doubled(coarse))
        images = coarse
    return [*residuals, images]


def rebuilt(parts: list[Tensor]) -> Tensor:
    """The images of a pyramid."""
    images = parts[-1]
    for residual in reversed(parts[:-1]):
        images = doubled(images) + residual
    return images


@final
class LAPGANGenerator(nn.Module):
    """Noise [N, latent + all places of all levels] -> images [N, C, H, W] in [-1, 1].

    The noise of a level is one map of its size. shape: of an image. levels: of residuals above the coarsest image.
    """

    def __init__(
        self, latent: int, shape: tuple[int, int, int], levels: int, width: int, units: tuple[int, ...]
    ) -> None:
        super().__init__()
        channels, height, breadth = shape
        self.sizes = [(height >> level, breadth >> level) for level in range(levels)]  # the finest first
        self.coarse = MLPGenerator(latent, units, (channels, height >> levels, breadth >> levels))
        self.details = nn.ModuleList(_details(channels, width) for _ in range(levels))
        self.latent = latent

    @property
    def places(self) -> int:
        """Numbers of noise that an image takes."""
        return self.latent + sum(height * width for height, width in self.sizes)

    def cut(self, noise: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Noise for the coarsest image, [N, latent], and a map for each level, finest first, [N, 1, H, W]."""
        counts = [self.latent, *(height * width for height, width in self.sizes)]
        first, *maps = noise.split(counts, 1)
        return first, [each.unflatten(1, (1, *size)) for each, size in zip(maps, self.sizes)]

    def residual(self, level: int, coarse: Tensor, noise: Tensor) -> Tensor:
        """What level `level` adds to a coarse image that was doubled.  [N, C, H, W] twice"""
        added: Tensor = self.details[level](torch.cat([coarse, noise], 1))
        return added

    def forward(self, noise: Tensor) -> Tensor:
        first, maps = self.cut(noise)
        images: Tensor = self.coarse(first)
        for level in reversed(range(len(maps))):
            coarse = doubled(images)
            images = coarse + self.residual(level, coarse, maps[level])
        return images.float()


def _details(channels: int, width: int) -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(channels + 1, width, 7, padding=3), nn.ReLU(), nn.Conv2d(width, width, 7, padding=3), nn.ReLU()),
        nn.Conv2d(width, channels, 5, padding=2),
    )


@final
class LAPGANCritic(nn.Module):
    """One network a level; `forward` is that of the finest: images [N, C, H, W] -> [N] logits."""

    def __init__(
        self, shape: tuple[int, int, int], levels: int, width: int, units: tuple[int, ...], dropout: float
    ) -> None:
        super().__init__()
        channels, height, breadth = shape
        networks: list[nn.Module] = []
        for level in range(levels):
            size = (height >> level) // 2 * ((breadth >> level) // 2)
            networks.append(
                nn.Sequential(
                    *(nn.Conv2d(channels, width, 5, padding=2), nn.ReLU()),
                    *(nn.Conv2d(width, width, 5, 2, padding=2), nn.ReLU(), nn.Flatten(), nn.Dropout(dropout)),
                    *(nn.Linear(width * size, 1), nn.Flatten(0)),
                )
            )
        counts = (channels * (height >> levels) * (breadth >> levels), *units)
        coarse: list[nn.Module] = [nn.Flatten()]
        for inputs, outputs in pairwise(counts):
            coarse += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(dropout)]
        coarse += [nn.Linear(counts[-1], 1), nn.Flatten(0)]
        self.levels = nn.ModuleList([*networks, nn.Sequential(*coarse)])

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.levels[0](image)
        return logits

    def of_all(self, images: list[Tensor]) -> list[Tensor]:
        """Images of all levels, finest first -> [N] logits of each."""
        return [network(each) for network, each in zip(self.levels, images)]


@final
@dataclass(frozen=True, kw_only=True)
class LAPGAN(Unconditional):
    """Images of sides that can be halved `levels` times; each level can be trained on photographs by itself."""

    takes = ImageBatch
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 128}

    prior: Literal["normal", "uniform"] = "uniform"
    """distribution of each number of the noise: N(0, 1), or even over [-1, 1]"""
    levels: Natural = 2
    """residuals between the coarsest image and the whole one: 2 lead from 8 pixels to 32"""
    width: Width = 64
    """channels of the convolutions of every level"""
    generator_units: tuple[Width, ...] = (8000, 8000)
    """units of the coarsest generator's hidden layers"""
    critic_units: tuple[Width, ...] = (1600, 1600)
    """units of the coarsest discriminator's (critic's) hidden layers"""
    dropout: Share = 0.5
    """share of the critics' features and hidden units left out in training"""
    optimiser: Literal["sgd", "adam"] = "sgd"
    """how all players step"""
    lr: Positive = 0.02
    """learning rate of all players"""
    momentum: Decay = 0.5
    """SGD's momentum, or Adam's first beta"""

    def networks(self, data: DataSpec) -> Networks:
        shape, step = data.image().shape, 1 << self.levels
        if any(side % step or side // step < 2 for side in shape[1:]):
            side = min(shape[1:])
            raise ConfigError(
                f"{self.levels} levels halve images to 2 pixels or more: not {shape[2]}x{shape[1]}. Use --resolution"
                f" {max(2 * step, side // step * step)}, or fewer --levels."
            )
        return Networks(
            generator=LAPGANGenerator(self.latent, shape, self.levels, self.width, self.generator_units),
            critic=LAPGANCritic(shape, self.levels, self.width, self.critic_units, self.dropout),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        players = ("generator", "critic")
        if self.optimiser == "sgd":
            return {name: SGD(name, lr=self.lr, momentum=self.momentum) for name in players}
        return {name: Adam(name, lr=self.lr, betas=(self.momentum, 0.999)) for name in players}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        images = [draw().image]  # [N, C, H, W] in [-1, 1], the finest first
        for _ in range(self.levels):
            images.append(halved(images[-1]))
        coarse = [doubled(each) for each in images[1:]]
        n = len(images[0])
        with torch.no_grad():
            fakes = self._sums(nets, draw, coarse, n)
        losses: dict[str, Tensor] = {}
        for level, (real, fake) in enumerate(zip(nets.critic.of_all(images), nets.critic.of_all(fakes))):
            terms = critic_loss("non-saturating", real, fake)
            losses |= {f"{name}_{images[level].shape[-1]}": term for name, term in terms.items()}
        yield Update("critic", losses)
        outputs = nets.critic.of_all(self._sums(nets, draw, coarse, n))
        named = {f"fake_{each.shape[-1]}": generator_loss("non-saturating", out) for each, out in zip(images, outputs)}
        yield Update("generator", named)

    def _sums(self, nets: Networks, draw: Draw, coarse: list[Tensor], n: int) -> list[Tensor]:
        """What each level makes of real coarse images, and the coarsest of noise alone."""
        first, maps = nets.generator.cut(self._noise(draw, n, nets.generator.places))
        sums = [each + nets.generator.residual(level, each, maps[level]) for level, each in enumerate(coarse)]
        return [*sums, nets.generator.coarse(first)]

    def _noise(self, draw: Draw, n: int, places: int) -> Tensor:
        return draw.uniform(n, places) * 2 - 1 if self.prior == "uniform" else draw.noise(n, places)

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, latent + places] float32 on the CPU; latent i depends on (seed, i) alone."""
        generator: Any = nets.get_submodule("generator")
        return normal_rows(n, generator.places, seed, uniform=self.prior == "uniform", first=first)


# Settings by preset, with where each comes from; the paper's momentum rises to .7 and its rate falls, constant here.
PRESETS: dict[str, dict[str, Any]] = {
    "cifar": {"resolution": 32, "batch": 128, "ema_images": 0.0},  # github.com/facebook/eyescream; by class there
    "small": {  # for a processor
        "width": 16,
        "generator_units": (256, 256),
        "critic_units": (128, 128),
        "optimiser": "adam",
        "lr": 2e-4,
    },
}

PROOF = Proof(
    claim="The details that a LAPGAN adds to a coarse image are nearer to real ones than Gaussian details of the right"
    " size are.",
    data="digits",
    measure="details",
    share=0.7,
    settings={
        "levels": 1,
        "images": 250_000,
        "batch": 64,
        "width": 16,
        "generator_units": (256, 256),
        "critic_units": (256, 256),
        "dropout": 0.25,
        "optimiser": "adam",
        "lr": 5e-4,
    },
)
