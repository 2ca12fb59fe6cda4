"""CAN: art that belongs to no style that there is. Elgammal et al. 2017, arXiv:1706.07068, section 3.

Paper             here
D_r, D_c          the critic's verdict and its logits of styles, on one trunk
style ambiguity   `ambiguity`: how far the critic's reading of a generated image is from even over all styles

The critic learns styles from real images alone; the generator is paid for images that it takes for real and cannot
place. The paper compares each style by itself ("binary"); published code compares the distribution ("softmax").
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Decay, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec, LabelledBatch
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.backbones.dcgan import DCGANCritic, DCGANGenerator, check_size, small_maps, widths

_LEAST = 1e-6
"""of the probability of all styles but one: below it there is no slope left to follow in float32"""
Ambiguity = Literal["binary", "softmax"]


@final
class StyleCritic(nn.Module):
    """Images [N, C, H, W] -> verdicts [N] and logits of styles [N, styles], by a head of two hidden layers."""

    def __init__(self, channels: int, size: tuple[int, int], width: int, styles: int) -> None:
        super().__init__()
        self.network = DCGANCritic(channels, size, width, kernel=4)
        features = widths(size, width)[-1] * math.prod(small_maps(size))
        self.style = nn.Sequential(
            *(nn.Linear(features, 16 * width), nn.LeakyReLU(0.2)),
            *(nn.Linear(16 * width, 8 * width), nn.LeakyReLU(0.2), nn.Linear(8 * width, styles)),
        )

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        x = self.network.layers(image).permute(0, 2, 3, 1).flatten(1)
        return self.network.output(x).squeeze(1).float(), self.style(x).float()


@final
@dataclass(frozen=True, kw_only=True)
class CAN(Unconditional):
    """Learns from images sorted by style and makes images of none of them; nothing is asked for in sampling."""

    takes = LabelledBatch
    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 16}

    ambiguity_weight: Weight = 1.0
    """weight of the style ambiguity for the generator; 0 makes a DCGAN whose critic also learns styles"""
    ambiguity: Ambiguity = "binary"
    """how it is measured: each style against an even share by itself (the paper), or all as one distribution"""
    style_weight: Weight = 1.0
    """weight of the styles of real images for the discriminator (critic)"""
    generator_width: Width = 64
    """the generator's channels at half the image's side; they double with each halving, to at most 8 times"""
    critic_width: Width = 32
    """the critic's channels at half the image's side, likewise"""
    lr: Positive = 1e-4
    """learning rate of both players (Adam)"""
    beta1: Decay = 0.5
    """Adam's first beta, for both"""

    def networks(self, data: DataSpec) -> Networks:
        size = check_size(data.size)
        return Networks(
            generator=DCGANGenerator(self.latent, data.channels, size, self.generator_width, kernel=4),
            critic=StyleCritic(data.channels, size, self.critic_width, len(data.classes)),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        return {name: Adam(name, lr=self.lr, betas=(self.beta1, 0.999)) for name in ("generator", "critic")}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        fakes = nets.generator(self.draw_latents(draw, len(batch)))
        (real, style), (fake, _) = nets.critic(batch.image), nets.critic(fakes.detach())
        losses = critic_loss("non-saturating", real, fake)
        losses["style"] = self.style_weight * F.cross_entropy(style, batch.label)
        yield Update("critic", losses, watch=mean_logits(real, fake))
        fake, style = nets.critic(fakes)
        unclear = self.ambiguity_weight * ambiguous(style, self.ambiguity)
        yield Update("generator", {"fake": generator_loss("non-saturating", fake), "ambiguity": unclear})

    def predictions(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """The style."""
        return {"class": Probabilities(spec.classes)}

    def predict(self, nets: nn.Module, examples: Tensor) -> Mapping[str, Tensor]:
        """Images [n, C, H, W] in [-1, 1] -> the probability of each style, [n, styles]."""
        return {"class": nets.get_submodule("critic")(examples)[1].softmax(1)}


def ambiguous(style: Tensor, by: Ambiguity) -> Tensor:
    """The cross-entropy of an even share of K styles with the critic's logits [N, K], mean over images: a scalar.

    Its minimum, where all logits are alike and each style has a probability of 1 / K, is log K for "softmax"; for
    "binary" K times the entropy of one such coin. The critic learns a distribution over styles, so the coins are its
    probabilities: a sigmoid of each logit would change with a number that is added to all of them, which nothing holds.
    """
    logs = style.log_softmax(1)
    if by == "softmax":
        return -logs.mean(1).mean()
    others = (-logs.exp()).clamp_min(_LEAST - 1).log1p()
    return -(logs + (style.shape[1] - 1) * others).mean(1).mean()


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "wikiart": {  # github.com/mlberkeley/Creative-Adversarial-Networks; its generator has LeakyReLU
        "resolution": 256,
        "batch": 16,
        "ambiguity": "softmax",
        "ema_images": 0.0,
    },
    "small": {"generator_width": 16, "critic_width": 16},  # for a processor
}

PROOF = Proof(
    claim="A CAN makes images that an outside classifier cannot place, yet nearer to real ones than a Gaussian over"
    " pixels.",
    data="world:silhouettes",  # in colour the game had not learnt shapes by the end, let alone what lies between them
    measure="unplaced",
    share=0.8,
    settings={
        "images": 250_000,
        "batch": 64,
        "generator_width": 16,
        "critic_width": 16,
        "lr": 2e-4,
        "ambiguity_weight": 3.0,  # 1 in the paper; at 1 the critic outgrows it
    },
)
