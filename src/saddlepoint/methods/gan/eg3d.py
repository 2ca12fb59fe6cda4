"""EG3D: planes of features from a style-based generator, marched and sharpened. Chan et al. 2022, arXiv:2112.07945.

Paper          here
tri-planes     `planes`, of `plane` pixels a side with `plane_width` features each: (x, y), (x, z), (z, y)
decoder        `decoder`: the mean of the three, one hidden layer of 64
I_RGB, I_RGB+  "raw", drawn at half the side, and "image", twice as large by styled convolutions
dual D         a critic of the image beside its enlarged coarse form, compared with the camera's own features
Smaller than the paper's: the generator is not told the camera, no blur of the critic's images at the start, no second
stage with finer rays; the image is twice the coarse one's side instead of four or eight times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, final

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.config import Count, LayersOrNone, Natural, Positive, Range, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.losses.penalties import r1
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.posed import PosedField
from saddlepoint.nn.backbones.dcgan import check_side
from saddlepoint.nn.backbones.posed_critic import PosedCritic
from saddlepoint.nn.backbones.triplane import TriplaneGenerator

_NEAR = 0.004  # how far apart, in half sides of the cube, two places are whose densities should be alike
_PLACES = 256


@final
@dataclass(frozen=True, kw_only=True)
class EG3D(PosedField):
    """Things that can be looked at from all around, with the detail and speed of an image generator."""

    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 32}

    latent: Count = 512
    """length of the noise vector"""
    style: Width = 512
    """length of the style vector"""
    mapping_layers: LayersOrNone = 2
    """layers between noise and style"""
    plane: Count = 256
    """side of the planes: 8, 16, 32 and so on"""
    plane_width: Width = 32
    """features of each plane at a place"""
    colours: Annotated[int, Range(least=3, most=512)] = 32
    """numbers that are marched along a ray; the first three are the coarse image"""
    base: Width = 32_768
    """channels of both players at a side are this number divided by the side"""
    most: Width = 512
    """but no more than this"""
    sharpen_width: Width = 128
    """channels of the layers that double the coarse image"""
    coarse: Annotated[int, Range(least=4, most=1_000)] = 48
    """samples along a ray"""
    fine: Natural = 48
    """samples along it where the light of those comes from"""
    group: Width = 4
    """images that the discriminator (critic) compares with each other"""
    r1_weight: Weight = 1.0
    """weight of the penalty on the critic's slope at real images"""
    r1_every: Count = 16
    """steps between two of these penalties, each so many times as strong"""
    density_weight: Weight = 0.25
    """weight of the difference between the densities of places that are very near to each other"""
    density_every: Count = 4
    """steps between two of these, each so many times as strong"""
    generator_lr: Positive = 2.5e-3
    """learning rate of the generator (Adam, betas 0 and .99)"""
    critic_lr: Positive = 2e-3
    """learning rate of the critic"""

    def networks(self, data: DataSpec) -> Networks:
        around = self.around(data)
        side = check_side(data.resolution)
        generator = TriplaneGenerator(
            self.latent,
            self.style,
            side,
            plane=check_side(self.plane, " or another --plane"),
            channels=self.plane_width,
            colours=self.colours,
            base=self.base,
            most=self.most,
            layers=self.mapping_layers,
            coarse=self.coarse,
            fine=self.fine,
            width=self.sharpen_width,
        )
        return Networks(generator=generator, critic=PosedCritic(6, side, self.base, self.most, self.group), **around)

    def optimisers(self) -> Mapping[str, Optim]:
        lazy = {"generator": self.density_every, "critic": self.r1_every}
        rates = {"generator": self.generator_lr, "critic": self.critic_lr}
        return {name: Adam(name, lr=rates[name], betas=(0.0, 0.99), lazy=every) for name, every in lazy.items()}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        views = draw()
        n, camera = len(views.image), views.camera
        fakes = self._fakes(nets, draw, camera)
        yield Update("generator", {"fake": generator_loss("non-saturating", nets.critic(self._both(fakes), camera))})
        if self.density_weight and clock.every(self.density_every):
            place = draw.uniform(n, 3 * _PLACES).view(n, _PLACES, 3) * 2 - 1
            beside = place + _NEAR * draw.noise(n, _PLACES, 3)
            latents = self.draw_latents(draw, n)
            one, other = nets.generator.density(latents, torch.cat((place, beside), 1)).chunk(2, 1)
            yield Update("generator", {"density": self.density_every * self.density_weight * F.l1_loss(one, other)})
        with torch.no_grad():
            shown = self._both(self._fakes(nets, draw, camera))
            small = F.interpolate(views.image, scale_factor=0.5, mode="area")
            both = self._both({"image": views.image, "raw": small})
        real, fake = nets.critic(both, camera), nets.critic(shown, camera)
        yield Update("critic", critic_loss("non-saturating", real, fake), watch=mean_logits(real, fake))
        if self.r1_weight and clock.every(self.r1_every):
            slope = r1(lambda images: nets.critic(images, camera), both)
            yield Update("critic", {"r1": self.r1_every * self.r1_weight * slope})

    def _fakes(self, nets: Networks, draw: Draw, camera: Tensor) -> dict[str, Tensor]:
        n, rays = len(camera), int(camera[0, 20]) // 2 * (int(camera[0, 21]) // 2)
        chance = self.draw_chance(draw, n, rays, nets.generator.samples())
        return self.views_of(nets, self.draw_latents(draw, n), camera, chance)

    def _both(self, views: Mapping[str, Tensor]) -> Tensor:
        """Images beside their coarse forms, enlarged.  [N, 6, S, S]"""
        large = F.interpolate(views["raw"], scale_factor=2.0, mode="bilinear", align_corners=False)
        return torch.cat((views["image"], large), 1)


# Settings by preset, with where each comes from: github.com/NVlabs/eg3d, train.py and docs.
PRESETS: dict[str, dict[str, Any]] = {
    "ffhq": {"resolution": 128, "batch": 32, "flip": True},  # the paper ends at 512, four times the coarse image
    "shapenet": {"resolution": 128, "batch": 32, "r1_weight": 0.3, "coarse": 64, "fine": 64},
    "small": {"latent": 64, "style": 64, "plane": 32, "plane_width": 8, "colours": 8, "base": 1024, "most": 48,
        "sharpen_width": 24, "coarse": 16, "fine": 0, "batch": 16, "generator_lr": 4e-3,
        "critic_lr": 3e-3},  # for a processor
}  # fmt: skip

PROOF = Proof(
    claim="EG3D makes toy cars of its own that are seen from where they are asked for, and are nearer to real ones"
    " than those of a Gaussian over pixels.",
    data="world:toys",
    measure="viewpoints",
    share=0.8,
    bars={"turn": 0.8},
    settings={
        "examples": 40_000,
        "batch": 16,
        "latent": 32,
        "ema_images": 4_000,
        "style": 32,
        "plane": 16,
        "plane_width": 6,
        "colours": 6,
        "base": 512,
        "most": 32,
        "sharpen_width": 16,
        "coarse": 12,
        "fine": 0,
        "r1_every": 4,
        "generator_lr": 5e-3,
        "critic_lr": 4e-3,
    },
)
