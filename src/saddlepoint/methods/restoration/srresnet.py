"""SRResNet: small images made large by a residual network that knows one distance alone. Ledig et al. 2017,
arXiv:1609.04802, section 2.1.

Two forms: `plain`, without norm and on what bilinear interpolation makes, as BasicSR trains it (and ESRGAN begins from
it); `batch`, the paper's, which is also the first phase of `srgan`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

from torch import nn

from saddlepoint.config import Decay, Layers, Width
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import Proof
from saddlepoint.methods.families.restorer import Restorer
from saddlepoint.nn.backbones.rrdb import CompactSR, PlainSRResNet
from saddlepoint.nn.backbones.srresnet import SRResNet as WithNorm
from saddlepoint.nn.layers.unit_levels import UnitLevels


@final
@dataclass(frozen=True, kw_only=True)
class SRResNet(Restorer):
    """Super-resolution from pairs of small and large images, as `--data lowres4:FOLDER` makes them."""

    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 16}

    form: Literal["plain", "batch", "compact"] = "plain"
    """plain: blocks without norm; batch: the paper's, with batch norm; compact: a chain of convolutions at low
    resolution (SRVGG, Real-ESRGAN's small network)"""
    width: Width = 64
    """channels of the blocks"""
    blocks: Layers = 16
    """residual blocks, or convolutions of the chain"""
    levels: Literal["signed", "unit"] = "signed"
    """the range that the network sees inside: -1 to 1 as all images here, or 0 to 1 as most published weights do"""
    beta2: Decay = 0.99
    """Adam's second beta"""

    def network(self, source: Image, target: Image) -> nn.Module:
        scale = whole_scale(source, target, "srresnet")
        network: nn.Module
        if self.form == "batch":
            network = WithNorm(source.channels, scale, self.width, self.blocks)
        elif self.form == "compact":
            network = CompactSR(source.channels, scale, self.width, self.blocks)
        else:
            network = PlainSRResNet(source.channels, target.channels, scale, self.width, self.blocks)
        return UnitLevels(network) if self.levels == "unit" else network


def whole_scale(source: Image, target: Image, name: str) -> int:
    """How many times larger images become. Raises ConfigError for no whole number, or for other channels."""
    scale, rest = divmod(target.height, source.height)
    if rest or not scale or source.width * scale != target.width or source.channels != target.channels:
        raise ConfigError(
            f"{name} makes images whole times larger; the data has {source} and {target}. Use --data lowres4:FOLDER."
        )
    return scale


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "basicsr": {
        "resolution": 128,
        "examples": 16_000_000,
    },  # train_MSRResNet_x4: a million steps; four restarts left out
    "paper": {"form": "batch", "loss": "mse", "lr": 1e-4, "resolution": 96},  # Ledig et al., section 3.2
    "small": {"width": 32, "blocks": 4},  # for a processor
}

PROOF = Proof(
    claim="SRResNet makes small images four times larger, far nearer to the true ones than bicubic interpolation.",
    data="lowres4:world:shapes",
    measure="restored",
    share=0.8,  # set before its first run: as SRGAN
    settings={"resolution": 32, "examples": 12_800, "width": 24, "blocks": 3, "lr": 2e-3},
)
