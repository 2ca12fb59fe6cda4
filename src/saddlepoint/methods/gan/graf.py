"""GRAF: radiance fields from noise, judged by patches of any scale. Schwarz et al. 2020, arXiv:2007.02442.

Paper      here
z_s, z_a   the first `latent - appearance` numbers of the noise, and the other `appearance`
K          patches of `patch` x `patch` pixels
s          the patch's scale, evenly between its least and 1; the least falls as the authors let it: exp(-.0025 * 3 k)
           after k thousand steps, at most .9 and at least `least_scale`
D_phi      critic of a patch, with spectral and instance norm; it is not told the scale
Differs: both players' rates are constant (the authors halve them at 50, 100 and 200 thousand steps); the density is a
softplus without noise instead of a ReLU with; cameras are those of the data.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, final

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.config import Count, Positive, Range, Share, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.losses.penalties import r1
from saddlepoint.methods.base import Clock, Draw, Moves, Networks, Optim, Proof, RMSProp, Update
from saddlepoint.methods.families.posed import PosedField
from saddlepoint.nn.backbones.field_generator import FieldGenerator
from saddlepoint.nn.backbones.graf import GrafField, PatchwiseCritic

_FALL, _EVERY = 0.0025 * 3, 1_000  # of the least scale, and the steps of one fall


@final
@dataclass(frozen=True, kw_only=True)
class GRAF(PosedField):
    """Radiance fields of things of one sort, learnt from one photograph of each by comparing patches."""

    batch_statistics = True  # each pass moves the vectors of spectral norm
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 8}

    appearance: Count = 128
    """how many numbers of the noise say how a thing is coloured; the others say its shape"""
    width: Width = 256
    """width of the field's layers"""
    layers: Annotated[int, Range(least=1, most=100)] = 8
    """the field's layers before the density"""
    octaves: Annotated[int, Range(least=1, most=16)] = 10
    """frequencies, each twice the last, in which places are told"""
    coarse: Count = 64
    """samples along a ray"""
    patch: Literal[8, 16, 32] = 32
    """pixels a side of the patches that are compared"""
    least_scale: Share = 0.25
    """least side of a patch in sides of the image, once it has fallen so far"""
    critic_width: Width = 64
    """the discriminator's (critic's) channels in its first layer; they double with each halving"""
    r1_weight: Weight = 20.0
    """weight of the penalty on the critic's slope at real patches, halved in its formula: 10 in the authors' code"""
    generator_lr: Positive = 5e-4
    """learning rate of the generator (RMSProp)"""
    critic_lr: Positive = 1e-4
    """learning rate of the critic"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.appearance >= self.latent:
            raise ConfigError("--appearance must be less than --latent: the other numbers say the shape.")

    def networks(self, data: DataSpec) -> Networks:
        around = self.around(data)
        if data.resolution < self.patch:
            raise ConfigError(f"images of {data.resolution} pixels hold no patch of {self.patch}: use --patch 8.")
        field = GrafField(self.latent - self.appearance, self.appearance, self.width, self.layers, self.octaves)
        generator = FieldGenerator(field, self.coarse, 0)
        return Networks(generator=generator, critic=PatchwiseCritic(self.patch, self.critic_width), **around)

    def optimisers(self) -> Mapping[str, Optim]:
        return {"generator": RMSProp("generator", lr=self.generator_lr), "critic": RMSProp("critic", lr=self.critic_lr)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        views = draw()
        n, least = len(views.image), self.scale_at(clock.step)
        real = F.grid_sample(views.image, self.places(draw.uniform(n, 3), least), align_corners=True)
        with torch.no_grad():
            fakes = self._fakes(nets, draw, views.camera, least)
        on_real, on_fake = nets.critic(real), nets.critic(fakes)
        losses = critic_loss("non-saturating", on_real, on_fake)
        losses["r1"] = self.r1_weight * r1(nets.critic, real)
        yield Update("critic", losses, watch=mean_logits(on_real, on_fake))
        fakes = self._fakes(nets, draw, draw().camera, least)
        yield Update("generator", {"fake": generator_loss("non-saturating", nets.critic(fakes))})

    def scale_at(self, step: int) -> float:
        """The least scale of a patch after so many steps."""
        return min(max(self.least_scale, math.exp(-_FALL * (step // _EVERY))), max(0.9, self.least_scale))

    def places(self, chance: Tensor, least: float) -> Tensor:
        """The grids of patches in images whose corners are -1 and 1.  [N, 3] in [0, 1) -> [N, patch, patch, 2]"""
        scale = least + (1 - least) * chance[:, :1]
        shift = (2 * chance[:, 1:] - 1) * (1 - scale)
        line = torch.linspace(-1, 1, self.patch, device=chance.device)
        grid = torch.stack(torch.meshgrid(line, line, indexing="xy"), -1)
        return grid * scale[:, :, None, None] + shift[:, None, None]

    def _fakes(self, nets: Networks, draw: Draw, camera: Tensor, least: float) -> Tensor:
        """Patches of new things, seen from cameras [N, 22]."""
        n, size = len(camera), camera[:, None, 20:]
        places = self.places(draw.uniform(n, 3), least).flatten(1, 2)
        pixel = (places + 1) / 2 * (size - 1) + 0.5
        chance = self.draw_chance(draw, n, self.patch**2, self.coarse)
        views: dict[str, Tensor] = nets.generator(self.draw_latents(draw, n), camera, nets.surroundings, chance, pixel)
        return views["image"]


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "carla": {"resolution": 64, "batch": 8},  # github.com/autonomousvision/graf, configs/carla.yaml
    "small": {"latent": 64, "appearance": 32, "width": 48, "layers": 4, "octaves": 4, "coarse": 16, "patch": 16,
        "critic_width": 32, "batch": 16, "critic_lr": 2e-4},  # for a processor
}  # fmt: skip

PROOF = Proof(
    claim="GRAF makes toy cars of its own that are seen from where they are asked for, and are nearer to real ones"
    " than those of a Gaussian over pixels.",
    data="world:toys",
    measure="viewpoints",
    share=0.8,
    bars={"turn": 0.8},
    settings={
        "resolution": 16,
        "examples": 24_000,
        "batch": 16,
        "latent": 32,
        "appearance": 16,
        "width": 40,
        "layers": 4,
        "octaves": 3,
        "coarse": 12,
        "patch": 16,
        "least_scale": 0.9,
        "critic_width": 32,
        "r1_weight": 1.0,
        "generator_lr": 1e-3,
        "critic_lr": 5e-4,
    },
)
