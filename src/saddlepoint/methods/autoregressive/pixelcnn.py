"""PixelCNN: masked convolutions that see the pixels before each. van den Oord et al. 2016, arXiv:1601.06759, section 3.

The first layer's mask (A) hides the pixel itself; all later ones (B) show what the layers before hold of it, which is
of earlier pixels only. `--layers gated` has the two stacks of arXiv:1606.05328, which leave no blind spot;
`--likelihood logistic-mixture` is that of PixelCNN++, arXiv:1701.05517.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

from torch import nn

from saddlepoint.config import Layers, Positive, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.base import Adam, Networks, Optim, Proof
from saddlepoint.methods.families.pixel_by_pixel import PixelByPixel
from saddlepoint.nn.backbones.pixelcnn import GatedPixelCNN
from saddlepoint.nn.backbones.pixelcnn import PixelCNN as PlainPixelCNN


@final
@dataclass(frozen=True, kw_only=True)
class PixelCNN(PixelByPixel):
    """The PixelCNN, in one stack as first published or in two gated ones."""

    defaults = {"batch": 16}

    layers: Literal["plain", "gated"] = "plain"
    """one stack of residual blocks, which leaves a blind spot; or two gated ones, which see all earlier pixels"""
    width: Width = 128
    """channels of the 3x3 convolutions, rounded up to a multiple of the image's own"""
    blocks: Layers = 15
    """blocks after the first layer; with gates, layers in all"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""

    def networks(self, data: DataSpec) -> Networks:
        shape = data.image().shape
        kind: type[nn.Module] = PlainPixelCNN if self.layers == "plain" else GatedPixelCNN
        channels = shape[0]
        return Networks(network=kind(shape, self.outputs(channels), self.width, self.blocks, self.colours(channels)))

    def optimisers(self) -> Mapping[str, Optim]:
        return {"network": Adam("network", lr=self.lr)}


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper-mnist": {  # section 5.3 and table 1; RMSProp there
        "resolution": 28,
        "shades": 2,
        "width": 64,
        "blocks": 7,
        "batch": 16,
    },
    "paper-cifar": {"resolution": 32, "width": 128, "blocks": 15, "batch": 16},  # table 1; RMSProp there
    "plus-plus": {  # its likelihood and optimiser's rate, arXiv:1701.05517; the network here has one resolution
        "layers": "gated",
        "likelihood": "logistic-mixture",
        "components": 10,
        "lr": 1e-3,
        "batch": 16,
    },
    "small": {"layers": "gated", "shades": 2, "width": 16, "blocks": 6, "lr": 5e-3, "batch": 32},
}

PROOF = Proof(
    claim="A PixelCNN finds held-out silhouettes far likelier than a mixture of 100 Bernoullis does.",
    data="world:silhouettes",
    measure="exact-nats",
    difference=7.0,
    settings={
        "images": 6_400,
        "held_out": 0.1,
        "batch": 32,
        "layers": "gated",
        "shades": 2,
        "width": 16,
        "blocks": 6,
        "lr": 5e-3,
    },
)
