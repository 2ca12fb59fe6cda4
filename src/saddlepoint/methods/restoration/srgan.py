"""SRGAN: small images made large, with the detail that a critic asks for. Ledig et al. 2017, arXiv:1609.04802.

Paper      here
I^LR, I^HR source, target; their sides give the scale, 2, 4 or 8
SRResNet   what the generator is after the first phase, which knows the mean squared error alone
l_VGG      `content` "critic" stands in for it, since no weights of a VGG network come with this library: the mean
           squared difference of the critic's last maps, to which that of pixels is added
10^-3      `adversarial`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Layers, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.nn.backbones.srresnet import SRCritic, SRResNet
from saddlepoint.nn.layers.unit_levels import UnitLevels


@final
@dataclass(frozen=True, kw_only=True)
class SRGAN(Method):
    """Super-resolution from pairs of small and large images, as `--data lowres4:FOLDER` makes them of photographs."""

    takes = PairedBatch
    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 16}

    width: Width = 64
    """channels of the generator's residual blocks"""
    blocks: Layers = 16
    """the generator's residual blocks"""
    critic_width: Width = 64
    """the discriminator's (critic's) channels in its first layer; they double with each halving, to 8 times"""
    bounded: bool = False
    """a generator that works on levels from 0 to 1 and cannot leave them, without norm before its long skip: not the
    paper's, but that of the weights of leftthomas/SRGAN"""
    bicubic_skip: bool = False
    """add what bicubic interpolation makes, so that short runs begin there; not in the paper"""
    alone: Share = 0.5
    """share of the run in which the generator learns the mean squared error alone (SRResNet), before the game begins;
    1 for no game at all"""
    content: Literal["critic", "pixels"] = "critic"
    """what is compared in the game beside the verdict: the critic's last maps, or pixels as in SRGAN-MSE"""
    adversarial: Weight = 1e-3
    """weight of the verdict beside the content"""
    lr: Positive = 1e-4
    """learning rate of both players (Adam)"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bounded and self.bicubic_skip:
            raise ConfigError(
                "a bounded generator ends in tanh, to which no image can be added: leave one of them out."
            )

    def networks(self, data: DataSpec) -> Networks:
        small, large = data.image("source"), data.image("target")
        scale, rest = divmod(large.height, small.height)
        if rest or small.width * scale != large.width or small.channels != large.channels:
            raise ConfigError(
                f"srgan makes images whole times larger; the data has {small} and {large}. Use --data lowres4:FOLDER."
            )
        options = {"bicubic": self.bicubic_skip, "bounded": self.bounded}
        generator = SRResNet(small.channels, scale, self.width, self.blocks, **options)
        return Networks(
            generator=UnitLevels(generator) if self.bounded else generator,
            critic=SRCritic(small.channels, self.critic_width),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        return {name: Adam(name, lr=self.lr, betas=(0.9, 0.999)) for name in ("generator", "critic")}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        pair = draw()
        target = pair.target  # [N, C, H, W] in [-1, 1]
        restored = nets.generator(pair.source)
        if clock.examples < self.alone * clock.total:
            yield Update("generator", {"pixels": F.mse_loss(restored, target)})
            return
        real, fake = nets.critic(target), nets.critic(restored.detach())
        yield Update("critic", critic_loss("non-saturating", real, fake), watch=mean_logits(real, fake))
        if self.content == "pixels":
            content = F.mse_loss(restored, target)
        else:
            with torch.no_grad():
                aim = nets.critic.features(target)
            content = F.mse_loss(nets.critic.features(restored), aim)
        score = generator_loss("non-saturating", nets.critic(restored))
        pixels = F.mse_loss(restored, target)
        yield Update("generator", {"content": content, "pixels": pixels, "fake": self.adversarial * score})

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """From small to large."""
        return {"source": "target"}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Small images [n, C, h, w] in [-1, 1], of any size, as large ones; `seed` changes nothing."""
        restored: Tensor = nets.get_submodule("generator")(images)
        return restored.clamp(-1, 1)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {  # section 3.2: 96x96 crops of ImageNet, a million steps alone, then 1e5 at 1e-4 and 1e5 at 1e-5
        "resolution": 96,
        "batch": 16,
        "examples": 17_600_000,
        "alone": 0.91,
    },
    "small": {"width": 32, "blocks": 4, "critic_width": 16},  # for a processor
}

PROOF = Proof(
    claim="SRGAN makes small images four times larger, far nearer to the true ones than bicubic interpolation.",
    data="lowres4:world:shapes",
    measure="restoration",
    share=0.8,  # the first run had .68 of it, seed 0 at this length .67; 15 % of room
    settings={
        "resolution": 32,
        "examples": 24_000,
        "batch": 16,
        "width": 24,
        "blocks": 3,
        "critic_width": 8,
        "bicubic_skip": True,
        "alone": 0.6,
        "content": "pixels",  # as SRGAN-MSE: so small a critic's maps lead away from the truth
        "lr": 1e-3,
    },
)
