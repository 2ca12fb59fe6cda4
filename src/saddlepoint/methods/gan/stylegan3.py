"""StyleGAN3: images without aliases, whose details move with the things shown. Karras et al. 2021, arXiv:2106.12423.

Paper              here
config T, config R `moves` "translation", "rotation": 3x3 kernels and square filters, or 1x1 and round ones
N, critical        `layers`, `critical`

The game is StyleGAN2's, with neither mixing nor path lengths, and adaptive augmentation off unless it is asked for
(--augment-target .6). Under "rotation" the critic at first sees blurred images, lest the generator take to a picture of
its own frequencies; the penalty on its slope is taken of sharp ones here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, Layers, LayersOrNone, Natural, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Adam, Clock, Draw, Networks, Optim, Proof
from saddlepoint.methods.families.stylegan2_game import StyleGAN2Game
from saddlepoint.methods.families.unconditional import Unconditional
from saddlepoint.nn.backbones.stylegan2 import StyleGAN2Critic
from saddlepoint.nn.backbones.stylegan3 import StyleGAN3Generator, plan
from saddlepoint.nn.kernels.resample import resample
from saddlepoint.nn.layers.augment.adaptive import AdaptiveAugment
from saddlepoint.nn.layers.number import Number


@final
@dataclass(frozen=True, kw_only=True)
class StyleGAN3(StyleGAN2Game, Unconditional):
    """Images of 16, 32, 64 pixels a side and so on, for films of moving latents and canvases; slower than StyleGAN2."""

    takes = ImageBatch
    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 32}

    moves: Literal["translation", "rotation"] = "translation"
    """what images follow exactly: shifts (T), or turns as well (R, with twice the channels)"""
    layers: Layers = 14
    """layers of the synthesis, whatever the side"""
    critical: Count = 2
    """of these, how many at the end have the image's full bandwidth"""
    margin: Natural = 10
    """places around the canvas that each layer computes, for what moves in"""
    base: Width = 32_768
    """channels: half of this number divided by a layer's bandwidth, at most `most`; of the discriminator (critic), this
    number divided by the side; twice as many in the generator under --moves rotation"""
    mapping_layers: LayersOrNone = 2
    """layers between noise and style"""
    mixing: Share = 0.0
    """chance of a second noise vector for the finer layers; 0 in the paper"""
    path_weight: Weight = 0.0
    """weight of the penalty on path lengths; 0 in the paper"""
    augment_target: Share = 0.0
    """mean sign of the critic on real images that the augmentation steers to; 0 for no augmentation"""
    critic_lr: Positive = 2e-3
    """learning rate of the critic; `lr` is the generator's"""
    blur: Weight = 10.0
    """deviation in pixels of the blur at the start, under --moves rotation"""
    blur_images: Positive = 200_000.0
    """images after which it is gone"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.critical >= self.layers:
            raise ConfigError(f"of {self.layers} layers fewer must be critical than {self.critical}: use --critical 2.")

    def networks(self, data: DataSpec) -> Networks:
        (side, width), rotation = data.size, self.moves == "rotation"
        if side != width or side < 16 or side & (side - 1):
            mend = max(16, 1 << (min(side, width).bit_length() - 1))
            raise ConfigError(
                f"stylegan3 makes squares of 16, 32, 64 pixels a side and so on, not {width}x{side}: use --resolution"
                f" {mend}."
            )
        times = 2 if rotation else 1
        widths = (times * self.base, times * self.most)
        bands = plan(side, self.layers, self.critical, self.margin, *widths, data.channels)
        return Networks(
            generator=StyleGAN3Generator(
                self.latent,
                self.style,
                bands,
                kernel=1 if rotation else 3,
                critical=self.critical,
                mapping_layers=self.mapping_layers,
            ),
            critic=StyleGAN2Critic(data.channels, side, self.base, self.most, group=self.group, residual=self.residual),
            augment=AdaptiveAugment(),
            path_mean=Number(),
            blur=Number(),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        players = {"generator": (self.lr, None), "critic": (self.critic_lr, self.r1_every)}
        if self.path_weight:
            players["generator"] = (self.lr, self.path_every)
        return {name: Adam(name, lr=lr, betas=(0.0, 0.99), lazy=lazy) for name, (lr, lazy) in players.items()}

    def set_phase(self, nets: nn.Module, clock: Clock) -> None:
        if self.moves == "rotation" and "blur" in dict(nets.named_children()):
            deviation = self.blur * max(0.0, 1 - clock.examples / self.blur_images)
            number: Any = nets.get_submodule("blur")
            number.value.fill_(deviation)

    def _augmented(self, nets: Networks, draw: Draw, images: Tensor) -> Tensor:
        return super()._augmented(nets, draw, blurred(images, float(nets.blur.value)))

    def style_sides(self, nets: nn.Module) -> tuple[int, ...]:
        """The pixels from edge to edge that hold the band of each layer; what a layer computes is finer."""
        generator: Any = nets.get_submodule("generator")
        return tuple(generator.synthesis.needed)

    def moved(self, nets: nn.Module, latents: Tensor, transform: Tensor) -> Tensor:
        """Images of latents [n, latent] under an affine map of the canvas [3, 3]: [n, C, H, W] in [-1, 1].

        The canvas spans 1 from edge to edge; what is shown moves by the inverse of the map.
        """
        generator: Any = nets.get_submodule("generator")
        known: Tensor = generator.synthesis.input.transform
        before = known.clone()
        known.copy_(transform)
        images: Tensor = generator(latents).clamp(-1, 1)
        known.copy_(before)
        return images


def blurred(images: Tensor, deviation: float) -> Tensor:
    """Images [N, C, H, W] blurred by a Gaussian of that deviation in pixels, cut at three of them; 0 outside."""
    reach = math.floor(3 * deviation)
    if reach < 1:
        return images
    place = torch.arange(-reach, reach + 1, device=images.device, dtype=torch.float32)
    taps = (-0.5 * (place / deviation).square()).exp2()  # as the authors, whose half is a power of 2
    return resample(images, taps / taps.sum(), pad=(reach, reach))


# Settings by preset, with where each comes from: github.com/NVlabs/stylegan3, docs and train.py, FFHQ-U at 256 pixels.
PRESETS: dict[str, dict[str, Any]] = {
    "t256": {"resolution": 256, "batch": 32, "base": 16_384, "r1_weight": 2.0, "images": 25_000_000},
    "r256": {
        "resolution": 256,
        "batch": 32,
        "base": 16_384,
        "r1_weight": 2.0,
        "moves": "rotation",
        "images": 25_000_000,
    },
    "small": {  # for a processor
        "latent": 64,
        "style": 64,
        "layers": 6,
        "margin": 4,
        "base": 512,
        "most": 32,
        "batch": 16,
    },
}

PROOF = Proof(
    claim="What a StyleGAN3 draws moves with its canvas, far more exactly than details that stick to the screen.",
    data="world:shapes",
    measure="moving-canvas",
    share=0.75,
    settings={
        "resolution": 16,
        "images": 6_000,
        "batch": 16,
        "latent": 32,
        "style": 32,
        "layers": 5,
        "margin": 4,
        "base": 128,
        "most": 16,
    },
)
