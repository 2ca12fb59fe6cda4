"""HDR-GAN: three exposures of a scene that moves become its light, against a critic that sees it as a screen would
show it. Niu et al. 2021, arXiv:2007.01628.

Paper      here
L_i, H_i   the exposures of the source, and the same made linear and divided by their times
mu         `compression`, 5000, in log(1 + mu H) / log(1 + mu)
l_rec      `reconstruction`: mean absolute difference of compressed light
l_adv      Sphere GAN's three moments: `losses.sphere`
G          the attention network of `nn.backbones.ahdrnet` (Yan et al. 2019), which the paper is compared with; its
           own, a
           nested U-Net with three encoders, is larger and not here
D          convolutions with spectral norm, on compressed light
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Layers, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.data.degrade.exposures import CURVE, TIMES
from saddlepoint.errors import ConfigError
from saddlepoint.losses.sphere import moments
from saddlepoint.methods.base import Adam, Clock, Cosine, Draw, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.nn.backbones.ahdrnet import AHDRNet
from saddlepoint.nn.layers.spectral_norm import normalise_spectrally


@final
@dataclass(frozen=True, kw_only=True)
class HDRGAN(Method):
    """Light from three exposures, as `--data exposures1:FOLDER` makes them: the middle one is what stays in its
    place."""

    takes = PairedBatch
    batch_statistics = True  # spectral norm moves its vectors at each look
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 8}

    width: Width = 64
    """channels of the generator"""
    layers: Layers = 6
    """convolutions of each of its three dense blocks"""
    growth: Width = 32
    """channels that each of them adds"""
    critic_width: Width = 64
    """the discriminator's (critic's) channels in its first layer, doubled with each of three halvings"""
    compression: Positive = 5000.0
    """mu of the logarithm in which light is compared"""
    reconstruction: Weight = 1.0
    """weight of the mean absolute difference"""
    adversarial: Weight = 0.01
    """weight of the verdict; 0 for no game at all, which is AHDRNet"""
    lr: Positive = 1e-4
    """learning rate of both players at the beginning (Adam); it falls along half a cosine"""
    last_lr: Share = 0.01
    """share of the learning rate that is left at the end"""

    def networks(self, data: DataSpec) -> Networks:
        source, target = data.image("source"), data.image("target")
        if source.channels != 3 * target.channels or source.shape[1:] != target.shape[1:] or target.channels != 3:
            raise ConfigError(
                f"hdr_gan takes three exposures in colour, and their light; the data has {source} and {target}. Use"
                " --data exposures1:FOLDER."
            )
        width = self.critic_width
        layers: list[nn.Module] = []
        for level in range(3):
            layers += [nn.Conv2d(3 if level == 0 else width << (level - 1), width << level, 4, 2, 1), nn.SiLU()]
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width << 2, width << 2)]
        critic = nn.Sequential(*layers)
        normalise_spectrally(critic)
        nets = Networks(generator=AHDRNet(6, 3, self.width, self.layers, self.growth))
        if self.adversarial:
            nets.add_module("critic", critic)
        return nets

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Cosine(self.lr, self.last_lr * self.lr)
        players = ("generator", "critic") if self.adversarial else ("generator",)
        return {name: Adam(name, lr=rate, betas=(0.9, 0.999)) for name in players}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        pair = draw()
        light = self.merged(nets, pair.source)
        shown, true = self.compressed(light), self.compressed(pair.target)
        losses = {"l1": self.reconstruction * F.l1_loss(shown, true)}
        if self.adversarial:
            yield Update("critic", {"real": -moments(nets.critic(true)), "fake": moments(nets.critic(shown.detach()))})
            losses["fake"] = -self.adversarial * moments(nets.critic(shown))
        yield Update("generator", losses)

    def compressed(self, light: Tensor) -> Tensor:
        """Light in [0, 1] by its logarithm, in [0, 1]."""
        return torch.log1p(self.compression * light.clamp_min(0)) / math.log1p(self.compression)

    def merged(self, nets: nn.Module, exposures: Tensor) -> Tensor:
        """Exposures [n, 9, H, W] in [-1, 1] -> light [n, 3, H, W] in [0, 1]."""
        each = (exposures + 1) / 2
        shots = [torch.cat((shot, shot.pow(CURVE) / time), 1) for shot, time in zip(each.chunk(3, 1), TIMES)]
        light: Tensor = nets.get_submodule("generator")(torch.cat(shots, 1))
        return light

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """From exposures to light."""
        return {"source": "target"}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Exposures [n, 9, H, W] in [-1, 1], of any size, as light in [0, 1]; `seed` changes nothing."""
        return self.merged(nets, images)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"resolution": 512},  # section 4.1: crops of 512; Adam 1e-4, times .92 each epoch there
    "ahdrnet": {"adversarial": 0.0, "resolution": 256},  # Yan et al. 2019, section 4: crops of 256, batch of 8
    "small": {"width": 16, "layers": 3, "growth": 8, "critic_width": 8},  # for a processor
}

PROOF = Proof(
    claim="HDR-GAN finds the light of a scene that moved between three exposures, nearer to the true one than the best"
    " classical merge.",
    data="exposures1:world:shapes",
    measure="restored",
    share=0.8,
    settings={
        "examples": 22_000,
        "width": 12,
        "layers": 2,
        "growth": 8,
        "critic_width": 4,
        "adversarial": 1e-3,  # three moments come to 44: at a hundredth the verdict outweighs small differences
        "lr": 2e-3,
    },
)
