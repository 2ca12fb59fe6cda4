"""StackGAN: from a caption to a small image, and from both to a large one. Zhang et al. 2017, arXiv:1612.03242.

Paper                 here
phi_t                 `caption_encoder`, which learns first from captions and images; the paper's is learnt elsewhere
mu_0, Sigma_0, c_0    `augment`: conditioning augmentation, one in each stage (section 3.2)
G_0, D_0              `first`, `first_critic`: a sketch of the shapes and colours from noise and condition (section 3.3)
G, D                  `second`, `second_critic`: reads the sketch and the caption again, no noise (section 3.4)
lambda                `divergence_weight`

The stages are taught one after the other; while the second learns, the first stands still. Critics compress the caption
by a layer of their own, as in the paper. As in the authors' code, the second critic also judges images without their
captions. The mean and deviation of the condition are gated as AttnGAN's: a ReLU before them, as in that code, leaves no
mean under 0 and no deviation under 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Natural, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Adam, Clock, Draw, Ema, Moves, Networks, Optim, Proof, Stage, Update
from saddlepoint.methods.families.captioned import Captioned, caption_critic_loss, fooling
from saddlepoint.nn.backbones.dcgan import check_side
from saddlepoint.nn.backbones.text_to_image import Augmented, CaptionCritic, condition, divergence

Drawn = tuple[Tensor, Tensor, Tensor]
"""images, and mean and log-variance of the condition that they were made with"""


@final
class FirstImages(nn.Module):
    """Noise [N, latent + conditions] and sentences -> images [N, C, side, side] in [-1, 1].

    Dense to 4x4, then doublings; width channels at the image's side, doubled inwards.
    """

    def __init__(self, latent: int, sentence: int, conditions: int, channels: int, side: int, width: int) -> None:
        super().__init__()
        times = side.bit_length() - 3
        self.latent, self.widest = latent, width << times
        self.augment = Augmented(sentence, conditions)
        self.dense = nn.Sequential(
            nn.Linear(conditions + latent, self.widest * 16, bias=False), nn.BatchNorm1d(self.widest * 16), nn.ReLU()
        )
        self.doublings = nn.Sequential(*(_doubling(self.widest >> level) for level in range(times)))
        self.image = nn.Conv2d(width, channels, 3, padding=1, bias=False)

    def forward(self, noise: Tensor, sentence: Tensor) -> Drawn:
        mean, log_variance = self.augment(sentence)
        code = condition(mean, log_variance, noise[:, self.latent :])
        return self.drawn(noise[:, : self.latent], code), mean, log_variance

    def drawn(self, z: Tensor, code: Tensor) -> Tensor:
        """Images of noise and a condition."""
        maps = self.doublings(self.dense(torch.cat([z, code], 1)).unflatten(1, (self.widest, 4, 4)))
        image: Tensor = self.image(maps).float().tanh()
        return image


@final
class SecondImages(nn.Module):
    """Images of the first stage, noise [N, conditions] and sentences -> images of `enlarge` times the side.

    The image is halved twice, meets the condition at every place, passes residual blocks and is doubled to its side.
    width: channels that read the first image; 4 times as many in the middle, halved at every doubling.
    """

    def __init__(self, sentence: int, conditions: int, channels: int, width: int, blocks: int, enlarge: int) -> None:
        super().__init__()
        times, middle = 1 + enlarge.bit_length(), 4 * width
        self.augment = Augmented(sentence, conditions)
        self.read = nn.Sequential(
            *(nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.ReLU()),
            *(nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * width), nn.ReLU()),
            *(nn.Conv2d(2 * width, middle, 4, 2, 1, bias=False), nn.BatchNorm2d(middle), nn.ReLU()),
        )
        self.join = nn.Sequential(
            nn.Conv2d(middle + conditions, middle, 3, padding=1, bias=False), nn.BatchNorm2d(middle), nn.ReLU()
        )
        self.blocks = nn.Sequential(*(_Block(middle) for _ in range(blocks)))
        self.doublings = nn.Sequential(*(_doubling(middle >> level) for level in range(times)))
        self.image = nn.Conv2d(middle >> times, channels, 3, padding=1, bias=False)

    def forward(self, image: Tensor, noise: Tensor, sentence: Tensor) -> Drawn:
        mean, log_variance = self.augment(sentence)
        return self.drawn(image, condition(mean, log_variance, noise)), mean, log_variance

    def drawn(self, image: Tensor, code: Tensor) -> Tensor:
        """Larger images of images and a condition."""
        maps = self.read(image)
        tiled = code[:, :, None, None].expand(-1, -1, *maps.shape[2:])
        maps = self.doublings(self.blocks(self.join(torch.cat([maps, tiled], 1))))
        larger: Tensor = self.image(maps).float().tanh()
        return larger


@final
@dataclass(frozen=True, kw_only=True)
class StackGAN(Captioned):
    """Images for captions in two stages; asked by `saddle sample --given text=...`."""

    compiles = ("first", "second")
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 64, "examples": 2_100_000}

    enlarge: Literal[2, 4] = 4
    """how many times as large the second stage's images are as the first's"""
    first_examples: Count = 1_000_000
    """images that the first stage learns from, after the encoders and before the second stage, which has what is left
    of --examples"""
    first_width: Width = 96
    """the first generator's channels at the side of its images; they double inwards"""
    second_width: Width = 192
    """channels with which the second generator reads these images; 4 times as many in its middle"""
    blocks: Natural = 4
    """residual blocks of the second generator"""
    critic_width: Width = 96
    """channels of the discriminators (critics) at half the side; they double inwards, to 8 times at most"""
    divergence_weight: Weight = 2.0
    """weight of the divergence of the condition from N(0, 1), mean over its numbers"""
    lr: Positive = 2e-4
    """learning rate of generators and critics (Adam)"""
    beta1: Decay = 0.5
    """Adam's first beta, for all of them"""
    halved_every: Natural = 0
    """images of a stage after which its learning rate is halved, again and again; 0 for never"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.second_width % self.enlarge:
            raise ConfigError(
                f"channels are halved at every doubling, so --second-width must be a multiple of {self.enlarge}, not"
                f" {self.second_width}."
            )

    def networks(self, data: DataSpec) -> Networks:
        encoders = self.encoders(data)
        side, channels = check_side(data.resolution), data.channels
        small = side // self.enlarge
        if small < 8:
            raise ConfigError(
                f"images of {side} pixels would begin as {small}, under 8: use --resolution {8 * self.enlarge} or more"
                + (", or --enlarge 2." if self.enlarge > 2 and side >= 16 else ".")
            )
        text, critic = (self.words, self.condition_width, channels), (self.critic_width, self.words)
        return Networks(
            **encoders,
            first=FirstImages(self.latent, *text, small, self.first_width),
            second=SecondImages(*text, self.second_width, self.blocks, self.enlarge),
            first_critic=CaptionCritic(channels, small, *critic, both=False, compressed=self.condition_width),
            second_critic=CaptionCritic(channels, side, *critic, compressed=self.condition_width),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        players = ("first", "second", "first_critic", "second_critic")
        return {"encoders": self.encoders_optimiser()} | {
            name: Adam(name, lr=self.rate, betas=(self.beta1, 0.999)) for name in players
        }

    def rate(self, clock: Clock) -> float:
        """The learning rate, which starts anew with each stage."""
        return self.lr * 0.5 ** (clock.stage_examples // self.halved_every) if self.halved_every else self.lr

    def ema(self) -> Ema | None:
        return Ema(("first", "second"), half_life=self.ema_images) if self.ema_images else None

    def stages(self) -> tuple[Stage, ...]:
        return (Stage(examples=self.matching_examples), Stage(examples=self.first_examples), Stage())

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        real, text = batch.image, batch.text  # [N, C, S, S] in [-1, 1], [N, L]
        if clock.stage == 0:
            yield Update("encoders", self.mismatch(nets, real, text, *nets.caption_encoder(text)))
            return
        player, critic = ("first", nets.first_critic) if clock.stage == 1 else ("second", nets.second_critic)
        with torch.no_grad():
            _, sentence = nets.caption_encoder(text)
            fake, _, _ = self._images(nets, player, self.noise(draw, len(text)), sentence)
        scaled = F.adaptive_avg_pool2d(real, fake.shape[-1])
        yield Update(f"{player}_critic", {"pairs": caption_critic_loss(critic, scaled, fake, sentence)})
        fake, mean, log_variance = self._images(nets, player, self.noise(draw, len(text)), sentence)
        losses = {
            "pairs": fooling(critic, fake, sentence),
            "divergence": self.divergence_weight * divergence(mean, log_variance),
        }
        yield Update(player, losses)

    def _images(self, nets: nn.Module, player: str, noise: Tensor, sentence: Tensor) -> Drawn:
        """What a stage draws; the first one stands still while the second learns."""
        if player == "first":
            drawn: Drawn = nets.get_submodule("first")(noise, sentence)
            return drawn
        with torch.no_grad():
            small, _, _ = nets.get_submodule("first")(noise, sentence)
        drawn = nets.get_submodule("second")(small, noise[:, self.latent :], sentence)
        return drawn

    def drawn(self, nets: nn.Module, noise: Tensor, text: Tensor) -> Tensor:
        _, sentence = nets.get_submodule("caption_encoder")(text)
        small, _, _ = nets.get_submodule("first")(noise, sentence)
        image, _, _ = nets.get_submodule("second")(small, noise[:, self.latent :], sentence)
        larger: Tensor = image
        return larger


def _doubling(inputs: int) -> nn.Sequential:
    """Nearest doubling, 3x3 to half the channels, batch norm: [N, inputs, H, W] -> [N, inputs / 2, 2H, 2W]."""
    return nn.Sequential(
        nn.Upsample(scale_factor=2.0),
        nn.Conv2d(inputs, inputs // 2, 3, padding=1, bias=False),
        *(nn.BatchNorm2d(inputs // 2), nn.ReLU()),
    )


@final
class _Block(nn.Module):
    """Two 3x3 with batch norm, added to the input: [N, width, H, W] -> the same, not under 0."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()),
            *(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.layers(x))


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "birds": {  # hanzhanggit/StackGAN, cfg of birds: 600 epochs a stage, the rate halved every 100
        "resolution": 256,
        "batch": 64,
        "first_width": 64,
        "second_width": 128,
        "critic_width": 64,
        "condition_width": 128,
        "first_examples": 5_300_000,
        "examples": 10_700_000,
        "halved_every": 885_000,
    },
    "coco": {  # hanzhanggit/StackGAN-Pytorch, cfg: 120 epochs a stage, the rate halved every 20
        "resolution": 256,
        "batch": 128,
        "condition_width": 128,
        "first_examples": 9_900_000,
        "examples": 19_900_000,
        "halved_every": 1_650_000,
    },
    "small": {  # for a processor
        "enlarge": 2,
        "words": 64,
        "embedding": 32,
        "condition_width": 32,
        "latent": 32,
        "first_width": 16,
        "second_width": 16,
        "blocks": 2,
        "critic_width": 16,
        "encoder_width": 16,
        "batch": 32,
        "matching_examples": 50_000,
        "first_examples": 150_000,
        "examples": 350_000,
    },
}

PROOF = Proof(
    claim="Asked for a shape by a caption, a StackGAN draws its colour and ground, which another caption's image shows"
    " by chance.",
    data="world:captions",
    measure="captioned-images",
    share=0.6,
    settings={
        "resolution": 16,
        "examples": 130_000,
        "batch": 32,
        "enlarge": 2,
        "words": 32,
        "embedding": 32,
        "condition_width": 16,
        "latent": 16,
        "first_width": 16,
        "second_width": 16,
        "blocks": 2,
        "critic_width": 16,
        "encoder_width": 8,
        "matching_examples": 30_000,
        "first_examples": 60_000,
        "lr": 1e-3,
    },
)
