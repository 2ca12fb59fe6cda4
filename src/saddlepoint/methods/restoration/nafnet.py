"""NAFNet: restoration by blocks without activations, whose gates are products. Chen et al. 2022, arXiv:2204.04676.

Paper           here
SimpleGate      the product of the two halves of the channels
SCA             channel attention without an activation
beta, gamma     what each block's two branches are weighed by; 0 at the beginning
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

from torch import nn

from saddlepoint.config import Decay, Layers, Positive, Share, Width
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.losses.reconstruction import Distance
from saddlepoint.methods.base import Proof
from saddlepoint.methods.families.restorer import Restorer, same_size
from saddlepoint.nn.backbones.nafnet import NAFNet as Network


@final
@dataclass(frozen=True, kw_only=True)
class NAFNet(Restorer):
    """Denoising, deblurring and whatever else leaves an image at its size, from pairs such as `--data blur9:FOLDER`."""

    defaults: ClassVar[Mapping[str, Any]] = {"batch": 32}

    width: Width = 32
    """channels at full size, doubled with each halving"""
    encoder: tuple[Layers, ...] = (2, 2, 4, 8)
    """blocks at each size on the way down"""
    middle: Layers = 12
    """blocks at the smallest size"""
    decoder: tuple[Layers, ...] = (2, 2, 2, 2)
    """blocks at each size on the way up, from small to large"""
    loss: Distance = "psnr"
    """distance to the true image"""
    lr: Positive = 1e-3
    """learning rate at the beginning (AdamW)"""
    last_lr: Share = 1e-4
    """share of the learning rate that is left at the end"""
    beta2: Decay = 0.9
    """Adam's second beta"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.encoder) != len(self.decoder):
            raise ConfigError("nafnet goes up as often as it goes down: give --encoder and --decoder the same length.")

    def network(self, source: Image, target: Image) -> nn.Module:
        same_size(source, target, "nafnet")
        return Network(source.channels, target.channels, self.width, self.encoder, self.middle, self.decoder)


# Settings by preset, with where each comes from: megvii-research/NAFNet, options/train.
PRESETS: dict[str, dict[str, Any]] = {
    "sidd": {"resolution": 256, "examples": 6_400_000},  # denoising, width 32
    "gopro": {"encoder": (1, 1, 1, 28), "middle": 1, "decoder": (1, 1, 1, 1), "resolution": 256},  # deblurring
    "small": {"width": 16, "encoder": (1, 1), "middle": 2, "decoder": (1, 1)},  # for a processor
}

PROOF = Proof(
    claim="NAFNet makes images sharp that a shaking camera smeared, far nearer to the true ones than the best classical"
    " filter.",
    data="blur9:world:shapes",
    measure="restored",
    share=0.8,
    settings={
        "examples": 30_000,
        "batch": 16,
        "width": 16,
        "encoder": (1, 1),  # kernels of 9 pixels need a network that sees further than one halving lets it
        "middle": 4,
        "decoder": (1, 1),
        "loss": "l1",  # the logarithm counts images that are sharp already as much as the others
        "lr": 2e-3,
    },
)
