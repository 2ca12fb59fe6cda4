"""Restoration by one network that is trained on one distance: what is given goes in, what it should be comes out.

A method of the family says which network it is (`network`), and may say what is minimised beside the distance
(`terms`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from saddlepoint.config import Decay, Positive, Share, Weight
from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.losses.reconstruction import Distance, distance
from saddlepoint.methods.base import Adam, AdamW, Clock, Cosine, Draw, Method, Moves, Networks, Optim, Update


@dataclass(frozen=True, kw_only=True)
class Restorer(Method):
    """Pairs of degraded and true images; `--data noise25:FOLDER`, `blur9:FOLDER` and others make them."""

    takes = PairedBatch
    compiles: ClassVar[tuple[str, ...]] = ("restorer",)

    loss: Distance = "l1"
    """distance to the true image: l1, mse, charbonnier (a smooth l1), or psnr (the logarithm of each image's error)"""
    lr: Positive = 2e-4
    """learning rate at the beginning (Adam)"""
    last_lr: Share = 0.01
    """share of the learning rate that is left at the end, along half a cosine; 1 for a constant rate"""
    beta1: Decay = 0.9
    """Adam's first beta"""
    beta2: Decay = 0.999
    """Adam's second beta"""
    weight_decay: Weight = 0.0
    """weight decay (AdamW); 0 for none"""
    views: Literal[1, 8] = 1
    """views that a restored image is the mean of: 8 turns and mirrors it, restores each and turns them back, which
    takes 8 times as long (self-ensemble)"""

    @abstractmethod
    def network(self, source: Image, target: Image) -> nn.Module:
        """[N, c, h, w] in [-1, 1] -> [N, C, H, W], float32. Raises ConfigError for measures that do not go together."""

    def terms(self, nets: Networks, pair: PairedBatch) -> Mapping[str, Tensor]:
        """What is minimised, by name: the distance."""
        return {self.loss: distance(self.loss, nets.restorer(pair.source), pair.target)}

    def networks(self, data: DataSpec) -> Networks:
        return Networks(restorer=self.network(data.image("source"), data.image("target")))

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Cosine(self.lr, self.last_lr * self.lr)
        betas = (self.beta1, self.beta2)
        if self.weight_decay:
            return {"restorer": AdamW("restorer", lr=rate, betas=betas, weight_decay=self.weight_decay)}
        return {"restorer": Adam("restorer", lr=rate, betas=betas)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        yield Update("restorer", self.terms(nets, draw()))

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """From what is given to what it should be."""
        return {"source": "target"}

    def restore(self, nets: nn.Module, images: Tensor) -> Tensor:
        """What the networks make of images [n, c, h, w], not yet cut to [-1, 1]."""
        restored: Tensor = nets.get_submodule("restorer")(images)
        return restored

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Degraded images [n, c, h, w] in [-1, 1], of any size that the network takes, restored; `seed` changes
        nothing."""
        if self.views == 1:
            return self.restore(nets, images).clamp(-1, 1)
        return mean_of_views(lambda turned: self.restore(nets, turned), images).clamp(-1, 1)


def mean_of_views(work: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """The mean of what `work` makes of the 8 turns and mirrors of images [n, c, h, w], each turned back.

    Timofte et al. 2016, arXiv:1511.02228, section 3.7.
    """
    total = torch.zeros(())
    for mirrored in (False, True):
        for quarter in range(4):
            view = torch.rot90(images.flip(-1) if mirrored else images, quarter, (2, 3))
            back = torch.rot90(work(view), -quarter, (2, 3))
            total = total.to(back) + (back.flip(-1) if mirrored else back)
    return total / 8


def same_size(source: Image, target: Image, name: str) -> None:
    """Raises ConfigError where what is given has another size than what it should be."""
    if (source.height, source.width) != (target.height, target.width):
        raise ConfigError(
            f"{name} keeps the size of an image; the data has {source} and {target}: use srresnet to enlarge, or pairs"
            " of one size."
        )
