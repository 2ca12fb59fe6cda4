"""Context encoder: a hole is filled from a code of what is around it. Pathak et al. 2016, arXiv:1604.07379.

Paper      here
x, M       target; where the last channel of the source is under 0
F          generator: encoder, code, decoder
L_rec      `content`: the mean squared difference inside the hole; over `overlap` pixels around it too, times 10
L_adv      the verdict of a critic that sees the hole alone: what is known is blanked, of real images as of filled ones
lambda     `reconstruction` .999 and `adversarial` .001
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Natural, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import Objective
from saddlepoint.methods.base import Adam, Linear, Networks, Optim, Proof
from saddlepoint.methods.families.paired import Paired
from saddlepoint.nn.backbones.inpainting import ContextNet
from saddlepoint.nn.backbones.srresnet import SRCritic


@final
@dataclass(frozen=True, kw_only=True)
class ContextEncoder(Paired):
    """Inpainting from images with holes, as `--data centre50:FOLDER` (the paper's) and `holes25:FOLDER` make them."""

    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 64}

    width: Width = 64
    """channels after the generator's first convolution; they double with each halving, to 8 times"""
    code: Width = 4000
    """numbers between encoder and decoder"""
    critic_width: Width = 64
    """the discriminator's (critic's) channels in its first layer"""
    overlap: Natural = 4
    """pixels around the hole that the generator has to make as well, at ten times the weight; they are not shown"""
    reconstruction: Weight = 0.999
    """weight of the mean squared difference"""
    adversarial: Weight = 0.001
    """weight of the critic's verdict"""
    objective: Objective = "non-saturating"
    """what the two players minimise"""
    lr: Positive = 2e-3
    """learning rate of the generator (Adam)"""
    critic_lr: Positive = 2e-4
    """learning rate of the critic"""
    decay_after: Share = 1.0
    """share of the run after which the learning rates fall to 0 in a line; 1 for never"""

    def networks(self, data: DataSpec) -> Networks:
        holes_and_image(data, "context_encoder")
        return Networks(
            generator=ContextNet(data.channels, data.size, self.width, self.code),
            critic=SRCritic(data.channels, self.critic_width),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        rates = {"generator": self.lr, "critic": self.critic_lr}
        return {
            name: Adam(name, lr=Linear(rate, after=self.decay_after), betas=(self.beta1, 0.999))
            for name, rate in rates.items()
        }

    def view(self, nets: Networks, batch: Any, image: Tensor) -> Tensor:
        """The hole alone."""
        return image * ~known(batch.source)

    def content_terms(self, nets: Networks, batch: Any, image: Tensor) -> Mapping[str, Tensor]:
        weight = self.weights(batch.source)
        squares = weight * (image - batch.target).square()
        return {"content": self.reconstruction * squares.sum() / (weight.sum() * image.shape[1]).clamp_min(1)}

    def weights(self, source: Tensor) -> Tensor:
        """1 in the hole, 10 in the ring of `overlap` pixels around it, 0 elsewhere.  [N, 1, H, W]"""
        hole = (~known(source)).float()
        if not self.overlap:
            return hole
        wide = F.max_pool2d(hole, 2 * self.overlap + 1, 1, self.overlap)
        return hole + 10 * (wide - hole)

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Images with holes [n, C + 1, H, W] in [-1, 1], filled; what is known stays as it is."""
        return filled(images, nets.get_submodule("generator")(images))


def known(source: Tensor) -> Tensor:
    """Which pixels of images with holes are known.  [N, 1, H, W] bool"""
    return source[:, -1:] > 0


def filled(source: Tensor, image: Tensor) -> Tensor:
    """Images [N, C, H, W] where the source has holes, and what is known where not, in [-1, 1]."""
    return torch.where(known(source), source[:, :-1], image).clamp(-1, 1).float()


def holes_and_image(data: DataSpec, name: str) -> None:
    """Raises ConfigError for data whose sources are no images of the target's size with a channel of what is known."""
    source, target = data.image("source"), data.image("target")
    if source.channels != target.channels + 1 or source.shape[1:] != target.shape[1:]:
        raise ConfigError(
            f"{name} fills holes that a last channel marks; the data has {source} and {target}. Use --data"
            " holes25:FOLDER, strokes3:FOLDER or centre50:FOLDER."
        )


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "authors": {"resolution": 128},  # pathak22/context-encoder, train.lua: batch of 64, code of 4000
    "small": {"width": 16, "code": 256, "critic_width": 16},  # for a processor
}

PROOF = Proof(
    claim="A context encoder fills the middle of images, nearer to what was there than the best classical filling.",
    data="centre50:world:shapes",
    measure="restored",
    share=0.85,
    settings={
        "examples": 140_000,
        "batch": 32,
        "width": 24,
        "code": 256,
        "critic_width": 4,
        "overlap": 0,  # a ring at ten times the weight had six sevenths of the loss at 32 pixels: .92 of the baseline
        "lr": 2e-3,
        "decay_after": 0.3,
    },
)
