"""CBDNet: real noise taken away by two networks, of which one finds how strong it is. Guo et al. 2019,
arXiv:1807.04686.

Paper        here
sigma(y)     `level`: the noise's deviation that the first network finds
CNN_E, CNN_D `CBDNet.level`, `CBDNet.denoiser`
L_asymm      `asymmetry` and `asymmetry_weight`: an estimate under the true one costs 1 - alpha, one over it alpha;
alpha is .3
L_TV         `smoothness`
sigma        true deviation: of a pair that nobody knows the noise of, the local one of their difference, 7x7 pixels

A public port weighs over-estimation more; the paper has it as here: noise that is under-estimated stays in the image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Share, Weight, Width
from saddlepoint.data.batches import PairedBatch
from saddlepoint.kinds.image import Image
from saddlepoint.losses.reconstruction import Distance, distance, total_variation
from saddlepoint.methods.base import Networks, Proof
from saddlepoint.methods.families.restorer import Restorer, same_size
from saddlepoint.nn.backbones.cbdnet import CBDNet as Network
from saddlepoint.nn.layers.local_variance import local_variance


@final
@dataclass(frozen=True, kw_only=True)
class CBDNet(Restorer):
    """Blind denoising of photographs, from pairs such as `--data sensor16:FOLDER`."""

    defaults: ClassVar[Mapping[str, Any]] = {"batch": 32}

    level_width: Width = 32
    """channels of the network that finds the noise's strength"""
    width: Width = 64
    """channels of the other at full size; 2 and 4 times as many at a half and a quarter of it"""
    loss: Distance = "mse"
    """distance to the true image"""
    asymmetry: Share = 0.3
    """what an over-estimated noise costs; an under-estimated one costs what is left to 1"""
    asymmetry_weight: Weight = 0.5
    """weight of the error of the noise's strength"""
    smoothness: Weight = 0.05
    """weight of the squared differences of neighbours in it"""

    def network(self, source: Image, target: Image) -> nn.Module:
        same_size(source, target, "cbdnet")
        return Network(source.channels, self.level_width, self.width)

    def terms(self, nets: Networks, pair: PairedBatch) -> Mapping[str, Tensor]:
        restored, level = nets.restorer.both(pair.source)
        true = local_variance(pair.source - pair.target).sqrt()
        return {
            self.loss: distance(self.loss, restored, pair.target),
            "level": self.asymmetry_weight * self.asymmetric(level, true),
            "smoothness": self.smoothness * total_variation(level),
        }

    def asymmetric(self, level: Tensor, true: Tensor) -> Tensor:
        """The mean squared error of the noise's deviation, weighed by its sign (eq. 6)."""
        weight = torch.where(level < true, 1 - self.asymmetry, self.asymmetry)
        return (weight * (level - true).square()).mean()


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"resolution": 128},  # section 4.2: patches of 128, batch of 32, Adam, 40 epochs
    "small": {"level_width": 8, "width": 16, "batch": 16},  # for a processor
}

PROOF = Proof(
    claim="CBDNet takes a camera's noise of unknown strength away, nearer to the true images than BM3D does.",
    data="sensor40:world:shapes",
    measure="restored",
    share=0.8,
    settings={"examples": 44_000, "batch": 16, "level_width": 6, "width": 12, "lr": 1e-3},
)
