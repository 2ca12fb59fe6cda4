"""SAGAN: places attend to each other, and spectral norm in both. Zhang et al. 2019, arXiv:1805.08318, sections 3, 4.

Without attention and with norm in the critic alone this is SNGAN (Miyato et al. 2018, arXiv:1802.05957) with its
projection of classes (arXiv:1802.05637): preset `sngan`. Rates differ by player (TTUR), four to one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

from saddlepoint.config import Decay, Natural, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Adam, Networks, Optim, Proof
from saddlepoint.methods.families.hinge_by_class import HingeByClass
from saddlepoint.nn.backbones.biggan import BigGANCritic, BigGANGenerator, attending_blocks
from saddlepoint.nn.backbones.dcgan import check_side


@final
@dataclass(frozen=True, kw_only=True)
class SAGAN(HingeByClass):
    """Images of a chosen class, of 8, 16, 32 pixels a side and so on; the hinge loss."""

    defaults: ClassVar[Mapping[str, Any]] = {"batch": 64}

    latent: Width = 128
    """length of the noise vector"""
    width: Width = 64
    """the generator's channels at the image's side from 128 pixels on; it has 4 times as many up to 32"""
    critic_width: Width = 64
    """the same of the discriminator (critic)"""
    attention: Natural | None = None
    """side of the maps whose places attend to each other; None for half the image's, 0 for no attention"""
    generator_spectral: bool = True
    """norm the generator's weights spectrally too, as SAGAN does and SNGAN does not; the critic's always are"""
    beta2: Decay = 0.999
    """Adam's second beta, for both: .9 in the paper, .999 in the authors' code"""

    def networks(self, data: DataSpec) -> Networks:
        side, classes = check_side(data.resolution), len(data.classes)
        attention = attention_side(self.attention, side)
        image = (data.channels, side)
        return Networks(
            generator=BigGANGenerator(
                self.latent,
                *image,
                self.width,
                classes,
                shared=0,
                hierarchical=False,
                attention=attention,
                spectral=self.generator_spectral,
                rule="glorot",
            ),
            critic=BigGANCritic(
                *image, self.critic_width, classes, attend=attending_blocks(side, attention), rule="glorot"
            ),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        betas = (self.beta1, self.beta2)
        return {name: Adam(name, lr=rate, betas=betas) for name, rate in self.rates().items()}


def attention_side(setting: int | None, side: int) -> int:
    """The side of the maps that attend: half the image's for None. Raises ConfigError for one that no layer has."""
    half = side // 2
    attention = half if setting is None else setting
    if attention and not (4 < attention <= half and attention & (attention - 1) == 0) and setting is not None:
        raise ConfigError(
            f"no maps of both players have a side of {attention}: use --attention {half}, a half of that down to 8, or"
            " 0 for none."
        )
    return attention


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "imagenet": {"resolution": 128, "attention": 32, "batch": 256},  # section 4; github.com/brain-research
    "sngan": {  # github.com/pfnet-research/sngan_projection, sn_cifar10: rates fall to 0 there, constant here
        "resolution": 32,
        "attention": 0,
        "generator_spectral": False,
        "critic_width": 32,
        "critic_steps": 5,
        "generator_lr": 2e-4,
        "critic_lr": 2e-4,
        "beta2": 0.9,
        "ema_images": 0.0,
    },
    "small": {"width": 8, "critic_width": 8},  # for a processor
}

PROOF = Proof(
    claim="A SAGAN asked for a digit draws it, nearer to real ones than a Gaussian for each class does.",
    data="digits",
    measure="conditional",
    share=0.75,
    settings={
        "images": 50_000,
        "batch": 64,
        "latent": 32,
        "width": 8,
        "critic_width": 8,
        "generator_lr": 1e-3,
        "critic_lr": 4e-3,
    },
)
