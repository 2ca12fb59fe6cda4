"""ViT: a transformer that reads an image as a row of patches names what it shows. Dosovitskiy et al. 2021,
arXiv:2010.11929, section 3.

Norms come first, a class token stands before the patches, positions are learnt, and the layer that names the class
begins at 0, as in the authors' code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Layers, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, LabelledBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.methods.base import AdamW, Clock, Cosine, Draw, Method, Moves, Networks, Optim, Proof, Update, WarmUp
from saddlepoint.nn.backbones.vit import VisionTrunk
from saddlepoint.nn.layers.attention_weights import rollout, weights_kept


@final
@dataclass(frozen=True, kw_only=True)
class ViT(Method):
    """A transformer over patches; its trunk fits that of `mae`, which learns without labels."""

    takes = LabelledBatch
    compiles = ("encoder",)

    patch: Count = 16
    """pixels of a side of a patch; it divides both sides of the images"""
    layers: Layers = 12
    """attention blocks"""
    heads: Layers = 12
    """heads of each attention; they divide the width"""
    width: Width = 768
    """numbers that stand for a patch"""
    dropout: Decay = 0.0
    """share of numbers that are left out in training"""
    positions_learn: bool = True
    """learn a vector for each place; otherwise places are fixed waves, as in `mae`, whose encoder then fits"""
    lr: Positive = 1e-3
    """highest learning rate (AdamW), which falls to 0 along half a cosine"""
    warmup: Share = 0.1
    """share of the run in which the rate rises from 0"""
    decay: Weight = 0.1
    """weight decay of the matrices"""

    def networks(self, data: DataSpec) -> Networks:
        if len(data.classes) < 2:
            raise ConfigError("a ViT tells classes apart; sort the images into two or more folders, one a class.")
        encoder = VisionTrunk(
            data.image(),
            self.patch,
            layers=self.layers,
            heads=self.heads,
            width=self.width,
            dropout=self.dropout,
            fixed=not self.positions_learn,
        )
        head = nn.Linear(self.width, len(data.classes))
        nn.init.zeros_(head.weight), nn.init.zeros_(head.bias)
        return Networks(encoder=encoder, head=head)

    def optimisers(self) -> Mapping[str, Optim]:
        rate = WarmUp(Cosine(self.lr, 0.0), self.warmup)
        return {"classifier": AdamW("encoder", "head", lr=rate, weight_decay=self.decay, clip=1.0)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        logits = self.logits(nets, batch.image)
        error = (logits.detach().argmax(1) != batch.label).float().mean()
        yield Update("classifier", {"label": F.cross_entropy(logits, batch.label)}, watch={"error": error})

    def logits(self, nets: nn.Module, image: Tensor) -> Tensor:
        """Images [N, C, H, W] in [-1, 1] -> [N, classes] float32"""
        logits: Tensor = nets.get_submodule("head")(_trunk(nets)(image)[:, 0])
        return logits.float()

    def predictions(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """The class."""
        return {"class": Probabilities(spec.classes)}

    def predict(self, nets: nn.Module, examples: Tensor) -> Mapping[str, Tensor]:
        """Images [n, C, H, W] in [-1, 1] -> the probability of each class: [n, classes]."""
        return {"class": self.logits(nets, examples).softmax(1)}

    def embed(self, nets: nn.Module, examples: Tensor) -> Tensor:
        """The class token after the last norm.  [n, width]"""
        token: Tensor = _trunk(nets)(examples)[:, 0].float()
        return token

    @torch.no_grad()
    def attended(self, nets: nn.Module, examples: Tensor) -> Tensor:
        """How much of the class token comes from each patch over all layers, by rollout: [n, rows, columns], sum 1."""
        trunk = _trunk(nets)
        with weights_kept(trunk) as layers:
            trunk(examples)
        shares = rollout(layers)[:, 0, 1:]
        places: Tensor = (shares / shares.sum(1, keepdim=True)).unflatten(1, trunk.grid)
        return places


def _trunk(nets: nn.Module) -> VisionTrunk:
    trunk = nets.get_submodule("encoder")
    assert isinstance(trunk, VisionTrunk)
    return trunk


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "base": {  # table 3 of the paper, ImageNet from nothing
        "dropout": 0.1,
        "lr": 3e-3,
        "decay": 0.3,
        "batch": 4096,
        "resolution": 224,
    },
    "small": {"layers": 12, "heads": 6, "width": 384, "resolution": 224},  # S/16 of the authors' code
    "tiny": {"layers": 12, "heads": 3, "width": 192, "resolution": 224},  # Ti/16 of the authors' code
    "quick": {"patch": 4, "layers": 4, "heads": 4, "width": 64, "lr": 2e-3, "batch": 64},  # small images, a processor
}

PROOF = Proof(
    claim="A ViT names held-out silhouettes with under half of the errors of logistic regression on their pixels, and"
    " its attention, rolled out over the layers, lies on the shape more than on the rest.",
    data="world:silhouettes",
    measure="attention",
    share=0.5,
    bars={"on_shape": 1.2},
    settings={
        "examples": 80_000,
        "batch": 64,
        "patch": 4,
        "layers": 3,
        "heads": 4,
        "width": 64,
        "lr": 2e-3,
        "held_out": 0.1,
    },
)
