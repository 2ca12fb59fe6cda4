"""VGAN: a moving foreground over a still background. Vondrick et al. 2016, arXiv:1609.02612, section 2.2.

Paper                 here
f, m, b               foreground and mask, from `motion`; background, from `scene`: m f + (1 - m) b
lambda                mask_weight, of the mask's mean: what need not move should not
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Decay, Positive, Weight, Width
from saddlepoint.data.batches import ClipBatch, DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.square_clips import square_clip
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.layers.initialisation import initialise


@final
class TwoStreamGenerator(nn.Module):
    """[N, latent] -> clips [N, T, C, S, S] in [-1, 1]; `streams` gives foreground, mask and background.

    T is halved as often as S until S is 4.
    """

    def __init__(self, latent: int, frames: int, channels: int, side: int, width: int) -> None:
        super().__init__()
        maps = [width * min(8, 1 << level) for level in range(side.bit_length() - 3)][::-1]
        start = frames >> len(maps)
        first = nn.ConvTranspose3d(latent, maps[0], (start, 4, 4), bias=False)
        motion: list[nn.Module] = [first, nn.BatchNorm3d(maps[0]), nn.ReLU()]
        scene: list[nn.Module] = [nn.ConvTranspose2d(latent, maps[0], 4, bias=False)]
        scene += [nn.BatchNorm2d(maps[0]), nn.ReLU()]
        for wide, narrow in pairwise(maps):
            motion += [nn.ConvTranspose3d(wide, narrow, 4, 2, 1, bias=False), nn.BatchNorm3d(narrow), nn.ReLU()]
            scene += [nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False), nn.BatchNorm2d(narrow), nn.ReLU()]
        self.motion = nn.Sequential(*motion)
        self.foreground = nn.ConvTranspose3d(maps[-1], channels, 4, 2, 1)
        self.mask = nn.ConvTranspose3d(maps[-1], 1, 4, 2, 1)
        self.scene = nn.Sequential(*scene, nn.ConvTranspose2d(maps[-1], channels, 4, 2, 1))

    def streams(self, latent: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Foreground [N, T, C, S, S], mask [N, T, 1, S, S] in [0, 1], background [N, 1, C, S, S]."""
        moving = self.motion(latent[:, :, None, None, None])
        foreground = self.foreground(moving).float().tanh().transpose(1, 2)
        mask = self.mask(moving).float().sigmoid().transpose(1, 2)
        background = self.scene(latent[:, :, None, None]).float().tanh()[:, None]
        return foreground, mask, background

    def forward(self, latent: Tensor) -> Tensor:
        return laid(*self.streams(latent))


def laid(foreground: Tensor, mask: Tensor, background: Tensor) -> Tensor:
    """The foreground over the background where the mask is 1."""
    return mask * foreground + (1 - mask) * background


@final
class VolumeCritic(nn.Module):
    """Clips [N, T, C, S, S] -> [N] logits: convolutions of 4x4x4 that halve time and sides."""

    def __init__(self, frames: int, channels: int, side: int, width: int) -> None:
        super().__init__()
        maps = [channels, *(width * min(8, 1 << level) for level in range(side.bit_length() - 3))]
        layers: list[nn.Module] = []
        for number, (inputs, outputs) in enumerate(pairwise(maps)):
            layers.append(nn.Conv3d(inputs, outputs, 4, 2, 1, bias=False))
            layers += [*([nn.BatchNorm3d(outputs)] if number else []), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv3d(maps[-1], 1, (frames >> (len(maps) - 1), 4, 4)))

    def forward(self, clips: Tensor) -> Tensor:
        logits: Tensor = self.layers(clips.transpose(1, 2)).flatten()
        return logits


@final
@dataclass(frozen=True, kw_only=True)
class VGAN(Unconditional):
    """Clips whose frames halve as often as their sides: 16 of 32 pixels, 32 of 64."""

    takes = ClipBatch
    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 64}

    mask_weight: Weight = 0.1
    """weight of the mean of the mask, for the generator"""
    width: Width = 64
    """channels of both players nearest to the clip; they double inwards, to at most 8 times"""
    lr: Positive = 2e-4
    """learning rate of both players (Adam)"""
    beta1: Decay = 0.5
    """Adam's first beta, for both"""

    def networks(self, data: DataSpec) -> Networks:
        clip = square_clip(data, "vgan")
        side = clip.height
        step = side // 4
        if clip.frames % step:
            raise ConfigError(
                f"vgan halves time as often as the side, so {side} pixels need a multiple of {step} frames, not"
                f" {clip.frames}: use --window {max(1, clip.frames // step) * step}."
            )
        measures = (clip.frames, clip.channels, side, self.width)
        nets = Networks(generator=TwoStreamGenerator(self.latent, *measures), critic=VolumeCritic(*measures))
        for module in nets.modules():
            if isinstance(module, nn.Conv3d | nn.ConvTranspose3d):
                nn.init.normal_(module.weight, 0.0, 0.01)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        initialise(nets, "normal", 0.01)
        return nets

    def optimisers(self) -> Mapping[str, Optim]:
        return {name: Adam(name, lr=self.lr, betas=(self.beta1, 0.999)) for name in ("critic", "generator")}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        clip = draw().clip  # [N, T, C, S, S] in [-1, 1]
        with torch.no_grad():
            fakes = nets.generator(self.draw_latents(draw, len(clip)))
        real, fake = nets.critic(clip), nets.critic(fakes)
        yield Update("critic", critic_loss("non-saturating", real, fake), watch=mean_logits(real, fake))
        foreground, mask, background = nets.generator.streams(self.draw_latents(draw, len(clip)))
        fake = generator_loss("non-saturating", nets.critic(laid(foreground, mask, background)))
        yield Update("generator", {"fake": fake, "mask": self.mask_weight * mask.mean()})


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "authors": {"resolution": 64, "window": 32, "batch": 64, "ema_images": 0.0},  # github.com/cvondrick/videogan
    "small": {"width": 16, "batch": 16},  # for a processor
}

PROOF = Proof(
    claim="Clips of VGAN are nearer to real ones than real first frames that stand still.",
    data="world:clips",
    measure="clip-distance",
    share=0.9,
    settings={"resolution": 16, "examples": 24_000, "batch": 16, "latent": 20, "width": 16, "lr": 5e-4},
)
