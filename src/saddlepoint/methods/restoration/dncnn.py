"""DnCNN: a chain of convolutions learns the noise of an image and takes it away. Zhang et al. 2017, arXiv:1608.03981.

Paper       here
y, x, v     source, target, and source less target: what the network learns
R(y)        what its layers find; the restored image is y - R(y)
depth       `layers`, 17 for one known noise and 20 for noise of any strength
eq. 1       half the sum of squares over the batch; the mean here, which is that but for a factor that Adam does not see
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, final

from torch import nn

from saddlepoint.config import Positive, Range, Width
from saddlepoint.kinds.image import Image
from saddlepoint.losses.reconstruction import Distance
from saddlepoint.methods.base import Proof
from saddlepoint.methods.families.restorer import Restorer, same_size
from saddlepoint.nn.backbones.dncnn import DnCNN as Network


@final
@dataclass(frozen=True, kw_only=True)
class DnCNN(Restorer):
    """Denoising, and whatever else leaves an image at its size, from pairs such as `--data noise25:FOLDER`."""

    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 128}

    layers: Annotated[int, Range(least=2, most=1_000)] = 17
    """convolutions in all"""
    width: Width = 64
    """channels between them"""
    norm: bool = True
    """batch norm after each convolution but the first and the last"""
    shuffle: Literal[1, 2] = 1
    """2: work on the four quarters of an image's pixels side by side, which is four times as fast (FFDNet)"""
    loss: Distance = "mse"
    """distance to the true image"""
    lr: Positive = 1e-3
    """learning rate at the beginning (Adam)"""

    def network(self, source: Image, target: Image) -> nn.Module:
        same_size(source, target, "dncnn")
        return Network(
            source.channels,
            self.width,
            self.layers,
            norm=self.norm,
            shuffle=self.shuffle,
            outputs=target.channels,
            residual=source.channels == target.channels,
        )


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"resolution": 40, "examples": 10_240_000},  # section 4.1 and cszn/DnCNN: patches of 40, batch of 128
    "blind": {"layers": 20, "resolution": 50},  # section 4.1: DnCNN-B
    "ffdnet": {"layers": 12, "width": 96, "shuffle": 2, "norm": False},  # Zhang et al. 2018, section 4: for colour
    "small": {"layers": 7, "width": 48, "shuffle": 2, "norm": False, "batch": 32},  # for a processor
}

PROOF = Proof(
    claim="DnCNN takes noise of unknown strength away, nearer to the true images than BM3D does.",
    data="sensor40:world:shapes",  # its blind form (DnCNN-B)
    measure="restored",
    share=0.8,
    settings={
        "examples": 80_000,
        "batch": 16,
        "layers": 5,
        "width": 64,
        "shuffle": 2,
        "loss": "l1",
        "lr": 2e-3,
    },
)
