"""MoCoGAN: what is shown stays, and how it moves is walked. Tulyakov et al. 2018, arXiv:1707.04993, section 3.

Paper        here
z_C          content, one vector a clip
R_M, z_M     `walk`: a GRU cell that turns noise into a path of motion, one vector a frame
G_I          `frame`: a DCGAN from content and motion to a frame
D_I, D_V     "image_critic", of single frames; "clip_critic", of whole clips; both judge patches

A latent holds content, the walk's first state and its noise, so clip i is a function of latent i. Classes of motion,
which the paper adds for labelled clips, are left out.
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
from saddlepoint.keyed import normal_rows
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.square_clips import square_clip
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.layers.initialisation import initialise

LEAST_FRAMES = 13
"""that four convolutions over four frames each leave one of"""


@final
class ClipGenerator(nn.Module):
    """[N, content + motion + T motion] -> clips [N, T, C, S, S] in [-1, 1]; S is 16, 32, 64 and so on."""

    def __init__(self, content: int, motion: int, frames: int, channels: int, side: int, width: int) -> None:
        super().__init__()
        self.content, self.motion, self.frames = content, motion, frames
        self.walk = nn.GRUCell(motion, motion)
        maps = [width * min(8, 1 << level) for level in range(side.bit_length() - 3)][::-1]  # at 4, 8, ... side / 2
        layers: list[nn.Module] = [nn.ConvTranspose2d(content + motion, maps[0], 4, bias=False)]
        for wide, narrow in pairwise([*maps, channels]):
            layers += [nn.BatchNorm2d(wide), nn.ReLU(), nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False)]
        self.frame = nn.Sequential(*layers)

    def path(self, latent: Tensor) -> Tensor:
        """Content and motion of each frame.  [N, T, content + motion]"""
        content, state, noise = latent.split([self.content, self.motion, self.frames * self.motion], 1)
        states = []
        for step in noise.unflatten(1, (self.frames, self.motion)).unbind(1):
            state = self.walk(step, state)
            states.append(state)
        motion = torch.stack(states, 1)
        return torch.cat([content[:, None].expand(-1, self.frames, -1), motion], 2)

    def forward(self, latent: Tensor) -> Tensor:
        frames: Tensor = self.frame(self.path(latent).flatten(0, 1)[:, :, None, None])
        clips: Tensor = frames.float().tanh().unflatten(0, (-1, self.frames))
        return clips


@final
class FrameCritic(nn.Module):
    """Frames [N, C, S, S] -> logits of patches [N, S / 16, S / 16]."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for number, (inputs, outputs) in enumerate(pairwise([channels, width, 2 * width, 4 * width])):
            layers.append(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False))
            layers += [*([nn.BatchNorm2d(outputs)] if number else []), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(4 * width, 1, 4, 2, 1, bias=False))

    def forward(self, frames: Tensor) -> Tensor:
        logits: Tensor = self.layers(frames).squeeze(1)
        return logits


@final
class ClipCritic(nn.Module):
    """Clips [N, T, C, S, S] -> logits of patches [N, T - 12, S / 16, S / 16]: convolutions over time as well."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        form: dict[str, Any] = {"kernel_size": 4, "stride": (1, 2, 2), "padding": (0, 1, 1), "bias": False}
        layers: list[nn.Module] = []
        for number, (inputs, outputs) in enumerate(pairwise([channels, width, 2 * width, 4 * width])):
            layers.append(nn.Conv3d(inputs, outputs, **form))
            layers += [*([nn.BatchNorm3d(outputs)] if number else []), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv3d(4 * width, 1, **form))

    def forward(self, clips: Tensor) -> Tensor:
        logits: Tensor = self.layers(clips.transpose(1, 2)).squeeze(1)
        return logits


@final
@dataclass(frozen=True, kw_only=True)
class MoCoGAN(Unconditional):
    """Clips of 13 frames or more, 16, 32, 64 pixels a side and so on."""

    takes = ClipBatch
    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 32}

    latent: Width = 50
    """length of the content"""
    motion: Width = 10
    """length of the motion of a frame"""
    width: Width = 64
    """channels of all players nearest to the frames; they double inwards"""
    blur_noise: Weight = 0.1
    """deviation of the noise on frames that the discriminators (critics) are shown; 0 for none"""
    lr: Positive = 2e-4
    """learning rate of all players (Adam)"""
    beta1: Decay = 0.5
    """Adam's first beta, for all"""
    weight_decay: Weight = 1e-5
    """L2 penalty on the weights, for all"""

    def networks(self, data: DataSpec) -> Networks:
        clip = square_clip(data, "mocogan")
        if clip.frames < LEAST_FRAMES:
            raise ConfigError(
                f"mocogan judges motion over {LEAST_FRAMES} frames or more, and clips have {clip.frames}: use --window"
                " 16."
            )
        nets = Networks(
            generator=ClipGenerator(self.latent, self.motion, clip.frames, clip.channels, clip.height, self.width),
            image_critic=FrameCritic(clip.channels, self.width),
            clip_critic=ClipCritic(clip.channels, self.width),
        )
        for name in ("image_critic", "clip_critic", "generator"):
            initialise(nets.get_submodule(name), "normal", 0.02)
        return nets

    def optimisers(self) -> Mapping[str, Optim]:
        settings: dict[str, Any] = {"lr": self.lr, "betas": (self.beta1, 0.999), "weight_decay": self.weight_decay}
        return {name: Adam(name, **settings) for name in ("image_critic", "clip_critic", "generator")}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        clip = draw().clip  # [N, T, C, S, S] in [-1, 1]
        with torch.no_grad():
            fakes = nets.generator(draw.noise(len(clip), self._length(clip.shape[1])))
        rows, frames = torch.arange(len(clip), device=clip.device), clip.shape[1]
        chosen = (draw.uniform(len(clip), 2) * frames).long().clamp_max(frames - 1)
        pairs = {
            "image_critic": (clip[rows, chosen[:, 0]], fakes[rows, chosen[:, 1]]),
            "clip_critic": (clip, fakes),
        }
        for name, (real, fake) in pairs.items():
            outputs = [nets.get_submodule(name)(self._noisy(draw, each)) for each in (real, fake)]
            yield Update(name, critic_loss("non-saturating", *outputs), watch=mean_logits(*outputs))
        fakes = nets.generator(draw.noise(len(clip), self._length(clip.shape[1])))
        frame = self._noisy(draw, fakes[rows, chosen[:, 1]])
        losses = {
            "image": generator_loss("non-saturating", nets.image_critic(frame)),
            "clip": generator_loss("non-saturating", nets.clip_critic(self._noisy(draw, fakes))),
        }
        yield Update("generator", losses)

    def _noisy(self, draw: Draw, images: Tensor) -> Tensor:
        return images + self.blur_noise * draw.noise(*images.shape) if self.blur_noise else images

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, content + motion + T motion] float32 on the CPU; latent i depends on (seed, i) alone."""
        generator: Any = nets.get_submodule("generator")
        return normal_rows(n, self._length(generator.frames), seed, first=first)

    def _length(self, frames: int) -> int:
        return self.latent + (1 + frames) * self.motion


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "authors": {"resolution": 64, "window": 16, "batch": 32, "ema_images": 0.0},  # github.com/sergeytulyakov/mocogan
    "small": {"width": 16, "batch": 16},  # for a processor
}

PROOF = Proof(
    claim="Clips of MoCoGAN are nearer to real ones than real first frames that stand still.",
    data="world:clips",
    measure="clip-distance",
    share=0.9,
    settings={"resolution": 16, "examples": 24_000, "batch": 16, "latent": 20, "motion": 6, "width": 16, "lr": 5e-4},
)
