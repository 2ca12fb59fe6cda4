"""PixelRNN: recurrent layers that carry what they have seen of an image. van den Oord et al. 2016, arXiv:1601.06759.

Row LSTM (section 3.1): a row's states from the row above, so what a pixel sees is a triangle. Diagonal BiLSTM (3.2):
states from the left and above, and in mirror image from the right and above, so that it sees all earlier pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from saddlepoint.config import Layers, Positive, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.base import Adam, Networks, Optim, Proof
from saddlepoint.methods.families.pixel_by_pixel import PixelByPixel
from saddlepoint.nn.backbones.pixelrnn import PixelRNN as Network
from saddlepoint.nn.backbones.pixelrnn import Recurrence


@final
@dataclass(frozen=True, kw_only=True)
class PixelRNN(PixelByPixel):
    """The PixelRNN, along rows or along diagonals."""

    defaults = {"batch": 16}

    recurrence: Recurrence = "diagonal"
    """row: states from the row above; diagonal: from left and above, and from right and above, so of all before"""
    width: Width = 64
    """units of each layer's state, rounded up to a multiple of the image's channels"""
    depth: Layers = 7
    """recurrent layers"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""
    clip: Positive = 10.0
    """bound on the norm of the gradient"""

    def networks(self, data: DataSpec) -> Networks:
        shape = data.image().shape
        sizes = (self.outputs(shape[0]), self.width, self.depth, self.colours(shape[0]))
        return Networks(network=Network(shape, *sizes, self.recurrence))

    def optimisers(self) -> Mapping[str, Optim]:
        return {"network": Adam("network", lr=self.lr, clip=self.clip)}


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper-mnist": {  # section 5.5: 7 layers of 16 units; RMSProp there
        "resolution": 28,
        "shades": 2,
        "width": 16,
        "depth": 7,
        "batch": 16,
    },
    "paper-cifar": {"resolution": 32, "width": 128, "depth": 12, "batch": 16},  # table 1; RMSProp there
    "small": {"shades": 2, "width": 12, "depth": 1, "lr": 1e-2, "batch": 32},
}

PROOF = Proof(
    claim="A PixelRNN finds held-out silhouettes far likelier than a mixture of 100 Bernoullis does.",
    data="world:silhouettes",
    measure="exact-nats",
    difference=6.0,
    settings={
        "images": 3_200,
        "held_out": 0.1,
        "batch": 32,
        "shades": 2,
        "width": 12,
        "depth": 1,
        "lr": 1e-2,
    },
)
