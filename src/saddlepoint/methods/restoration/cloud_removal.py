"""Clouds taken away from a satellite's view, with the help of a radar that sees through them: DSen2-CR. Meraner et al.
2020, doi:10.1016/j.isprsjprs.2020.05.013, eq. 1 and 3.

Paper       here
optical     the first channels of the source, as many as the target has
SAR         its other channels
network     a chain of residual blocks on both together; what it finds is added to the optical ones
CARL        what the network makes is compared with the source where it is clear, and with the target under clouds;
            `regularisation` weighs the difference to the target everywhere
mask        clouds are where source and target differ by more than `changed`: the paper's detector of clouds and
            shadows, which needs thirteen bands, does not come with this library
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Layers, Positive, Share, Weight, Width
from saddlepoint.data.batches import PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.losses.reconstruction import Distance
from saddlepoint.methods.base import Networks, Proof
from saddlepoint.methods.families.restorer import Restorer
from saddlepoint.nn.backbones.several_sensors import SeveralSensors


@final
@dataclass(frozen=True, kw_only=True)
class CloudRemoval(Restorer):
    """What is under clouds, from optical and radar channels of one scene: `--data sensors:OPTICAL,RADAR,CLEAR`, or
    `cloudy40:FOLDER` to try it."""

    defaults: ClassVar[Mapping[str, Any]] = {"batch": 16}

    loss: ClassVar[Distance] = "l1"  # type: ignore[misc]  # no setting: CARL is of absolute differences
    width: Width = 256
    """channels of the residual blocks"""
    blocks: Layers = 16
    """residual blocks"""
    residual: Share = 0.1
    """what each block's change is weighed by"""
    changed: Share = 0.05
    """levels from 0 to 1 by which some channel of source and target differ under a cloud"""
    regularisation: Weight = 1.0
    """weight of the mean absolute difference to the target everywhere"""
    lr: Positive = 7e-5
    """learning rate at the beginning (Adam; the authors' is Nadam)"""

    def network(self, source: Image, target: Image) -> nn.Module:
        if source.shape[1:] != target.shape[1:] or source.channels < target.channels:
            raise ConfigError(
                "cloud_removal takes optical channels, as many as there are to be made, and others after them; the data"
                f" has {source} and {target}. Use --data sensors:OPTICAL,RADAR,CLEAR, or cloudy40:FOLDER."
            )
        return SeveralSensors(source.channels, target.channels, self.width, self.blocks, self.residual)

    def terms(self, nets: Networks, pair: PairedBatch) -> Mapping[str, Tensor]:
        restored, optical = nets.restorer(pair.source), pair.source[:, : pair.target.shape[1]]
        cloud = self.cloud(optical, pair.target)
        from_clear, from_target = (restored - optical).abs(), (restored - pair.target).abs()
        return {
            "carl": torch.where(cloud, from_target, from_clear).mean(),
            "target": self.regularisation * from_target.mean(),
        }

    def cloud(self, optical: Tensor, target: Tensor) -> Tensor:
        """Where clouds are.  [N, C, H, W] in [-1, 1] twice -> [N, 1, H, W] bool"""
        return (optical - target).abs().amax(1, keepdim=True) > 2 * self.changed


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "authors": {"resolution": 128, "examples": 810_000},  # ameraner/dsen2-cr: crops of 128, 8 epochs of SEN12MS-CR
    "small": {"width": 32, "blocks": 4, "lr": 1e-3},  # for a processor
}

PROOF = Proof(
    claim="With a radar's help it finds what clouds hide, far nearer to the truth than the best classical filling.",
    data="cloudy:world:shapes",
    measure="restored",
    share=0.8,
    settings={
        "examples": 40_000,
        "batch": 16,
        "width": 24,
        "blocks": 3,
        "residual": 1.0,  # a tenth holds 256 channels steady, and holds 24 back
        "lr": 2e-3,
    },
)
