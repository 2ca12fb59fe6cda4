"""RIDNet: denoising by blocks that see far and weigh their channels. Anwar & Barnes 2019, arXiv:1904.07396.

Paper   here
EAM     a block of `nn.backbones.ridnet`; `blocks` of them, 4 in the paper
M_g     the image and what the blocks find of it (long skip)
eq. 9   `loss` l1
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

from torch import nn

from saddlepoint.config import Count, Layers, Positive, Share, Width
from saddlepoint.kinds.image import Image
from saddlepoint.methods.base import Proof
from saddlepoint.methods.families.restorer import Restorer, same_size
from saddlepoint.nn.backbones.ridnet import RIDNet as Network


@final
@dataclass(frozen=True, kw_only=True)
class RIDNet(Restorer):
    """Denoising of photographs, from pairs such as `--data sensor16:FOLDER`."""

    defaults: ClassVar[Mapping[str, Any]] = {"batch": 32}

    width: Width = 64
    """channels between the convolutions"""
    blocks: Layers = 4
    """attention modules"""
    squeeze: Count = 16
    """what the attention's inner channels are divided by"""
    lr: Positive = 1e-4
    """learning rate at the beginning (Adam)"""
    last_lr: Share = 0.01
    """share of the learning rate that is left at the end; the paper halves it every 1e5 steps"""

    def network(self, source: Image, target: Image) -> nn.Module:
        same_size(source, target, "ridnet")
        return Network(source.channels, target.channels, self.width, self.blocks, self.squeeze)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"resolution": 80},  # section 4.1: patches of 80, batch of 32, Adam 1e-4; its length is not published
    "small": {"width": 24, "blocks": 2, "squeeze": 4},  # for a processor
}

PROOF = Proof(
    claim="RIDNet takes a camera's noise of unknown strength away, nearer to the true images than BM3D does.",
    data="sensor40:world:shapes",
    measure="restored",
    share=0.8,
    settings={"examples": 18_000, "batch": 16, "width": 16, "blocks": 1, "squeeze": 4, "lr": 2e-3},  # 11,200: .78
)
