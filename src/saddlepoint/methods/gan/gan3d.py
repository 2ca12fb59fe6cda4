"""3D-GAN: a DCGAN of voxels. Wu et al. 2016, arXiv:1610.07584, section 3 and supplement.

Paper                        here
z, 200 numbers from [0, 1]   `latent`, `prior` "uniform" here means [-1, 1], which the first layer can shift
D is only taught while it is right at most 80 % of the time   `critic_accuracy`, measured on the batch before
Not the paper's: `by_class`, a class as further numbers of the noise and further channels of what D sees, as in Mirza &
Osindero 2014, arXiv:1411.1784; the paper trains a model for each class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Decay, Positive, Share, Width
from saddlepoint.data.batches import Batch, DataSpec, LabelledVolumeBatch, VolumeBatch
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.label import Label
from saddlepoint.kinds.volume import Volume
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.truncation import truncated
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.number import Number


def _widths(side: int, width: int) -> list[int]:
    """Channels at side/2, side/4, ..., 4: doubling from `width` to at most 8 times it."""
    return [width * min(2**level, 8) for level in range((side // 4).bit_length() - 1)]


@final
class Generator3D(nn.Module):
    """[N, latent], and labels [N] where there are classes, -> occupancy [N, 1, S, S, S] in [0, 1], float32: doubled
    from 4x4x4 by transposed convolutions."""

    def __init__(self, latent: int, side: int, width: int, classes: int = 0) -> None:
        super().__init__()
        self.classes = classes
        maps = _widths(side, width)[::-1]
        layers: list[nn.Module] = [nn.ConvTranspose3d(latent + classes, maps[0], 4, bias=False)]
        for wide, narrow in pairwise([*maps, 1]):
            layers += [nn.BatchNorm3d(wide), nn.ReLU(), nn.ConvTranspose3d(wide, narrow, 4, 2, 1, bias=False)]
        self.layers = nn.Sequential(*layers)
        initialise(self, "normal", 0.02)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        if label is not None:
            latent = torch.cat((latent, F.one_hot(label, self.classes).to(latent.dtype)), 1)
        volumes: Tensor = self.layers(latent[:, :, None, None, None]).float()
        return volumes.sigmoid()


@final
class Critic3D(nn.Module):
    """Volumes [N, 1, S, S, S], and labels [N] where there are classes, -> [N] logits: the generator's mirror image,
    with LeakyReLU .2."""

    def __init__(self, side: int, width: int, classes: int = 0) -> None:
        super().__init__()
        self.classes = classes
        maps = _widths(side, width)
        layers: list[nn.Module] = []
        for level, (narrow, wide) in enumerate(pairwise([1 + classes, *maps])):
            layers += [nn.Conv3d(narrow, wide, 4, 2, 1, bias=False), *([nn.BatchNorm3d(wide)] if level else [])]
            layers += [nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv3d(maps[-1], 1, 4, bias=False))
        initialise(self, "normal", 0.02)

    def forward(self, volume: Tensor, label: Tensor | None = None) -> Tensor:
        if label is not None:
            said = F.one_hot(label, self.classes).to(volume.dtype)[:, :, None, None, None]
            volume = torch.cat((volume, said.expand(-1, -1, *volume.shape[2:])), 1)
        logits: Tensor = self.layers(volume).flatten().float()
        return logits


@final
@dataclass(frozen=True, kw_only=True)
class GAN3D(Unconditional):
    """Makes shapes as grids of voxels: sides 8, 16, 32, 64; 17.6 million weights for the paper's 64."""

    takes: ClassVar[type[Batch]] = VolumeBatch
    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 100}

    by_class: bool = False
    """both players hear the class, so that shapes of a chosen class can be made; needs labels"""
    latent: Width = 200
    """length of the noise vector"""
    prior: Literal["normal", "uniform"] = "uniform"
    """distribution of each number of the noise: N(0, 1), or even over [-1, 1]"""
    generator_width: Width = 64
    """the generator's channels at half the volume's side; they double with each halving, to at most 8 times"""
    critic_width: Width = 64
    """the discriminator's (critic's) channels at half the volume's side, likewise"""
    generator_lr: Positive = 2.5e-3
    """learning rate of the generator"""
    critic_lr: Positive = 1e-5
    """learning rate of the critic"""
    critic_accuracy: Share = 0.8
    """the critic rests while it tells more than this share of the batch before apart; 1 for never"""
    beta1: Decay = 0.5
    """Adam's first beta, for both"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.by_class:
            object.__setattr__(self, "takes", LabelledVolumeBatch)  # of this method with these settings

    def networks(self, data: DataSpec) -> Networks:
        volume = data.main
        if not isinstance(volume, Volume) or volume.channels != 1:
            raise ConfigError(f"gan3d makes volumes of one channel; the data has {volume}. {VolumeBatch.given_by}")
        side = volume.side
        if side < 8 or side & (side - 1):
            raise ConfigError(f"gan3d halves and doubles: its side must be 8, 16, 32 or 64 voxels, not {side}.")
        if self.by_class and not data.classes:
            raise ConfigError("this data has no labels to hear: leave out by_class, or sort it into a folder a class.")
        classes = len(data.classes) if self.by_class else 0
        return Networks(
            generator=Generator3D(self.latent, side, self.generator_width, classes),
            critic=Critic3D(side, self.critic_width, classes),
            accuracy=Number(0.5),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        betas = (self.beta1, 0.999)
        rates = {"generator": self.generator_lr, "critic": self.critic_lr}
        return {name: Adam(name, lr=rate, betas=betas) for name, rate in rates.items()}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        real, n = batch.volume, len(batch.volume)  # [N, 1, S, S, S] in [0, 1]
        label = batch.label if isinstance(batch, LabelledVolumeBatch) else None
        if self.critic_accuracy >= 1 or float(nets.accuracy.value) <= self.critic_accuracy:
            with torch.no_grad():
                fakes = nets.generator(self.draw_latents(draw, n), label)
            on_real, on_fake = nets.critic(real, label), nets.critic(fakes, label)
            losses = critic_loss("non-saturating", on_real, on_fake)
            yield Update("critic", losses, watch=mean_logits(on_real, on_fake))
        score = nets.critic(nets.generator(self.draw_latents(draw, n), label), label)
        with torch.no_grad():
            right = ((nets.critic(real, label) > 0).float().mean() + (score.detach() < 0).float().mean()) / 2
        yield Update("generator", {"fake": generator_loss("non-saturating", score)}, watch={"accuracy": right})

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> None:
        nets.accuracy.value.copy_(report["generator/accuracy"])

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """A label, where it was trained with classes."""
        generator: Any = nets.get_submodule("generator")
        return {"label": Label(tuple(map(str, range(generator.classes))))} if self.by_class else {}

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Volumes [n, 1, S, S, S] in [0, 1]; row i depends on latent i, and on label i where classes are."""
        self.check_given(how)
        volumes: Tensor = nets.get_submodule("generator")(truncated(latents, how, self.prior), how.label)
        return volumes

    def check_given(self, how: Sampling) -> None:
        if not self.by_class:
            super().check_given(how)
        elif how.label is None:
            raise CapabilityError("this model makes shapes of a chosen class: give a label for each latent.")


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"batch": 100},  # supplement: Adam, batch 100; its 64 voxels a side are those of the data
}

PROOF = Proof(
    claim="3D-GAN makes furniture that is near to real pieces, of every class, where a grid of independent voxels makes"
    " none.",
    data="world:furniture",
    measure="shapes",
    share=1 / 2,
    bars={"near": 0.45, "classes": 4},  # the worst of three seeds has .535
    settings={
        "resolution": 16,  # where a table's leg is one voxel thick
        "examples": 24_000,
        "batch": 16,
        "latent": 32,
        "generator_width": 32,
        "critic_width": 16,
        "generator_lr": 1e-3,
        "critic_lr": 5e-4,
        "ema_images": 1_000.0,
    },
)
