"""Classifier: a convolutional network names what an image shows. Simonyan & Zisserman 2015 (VGG), arXiv:1409.1556.

Convolutions of 3x3 with ReLU, max-pooling and a linear map, trained on the cross-entropy. Adam and a mean over places
stand for the paper's momentum and its dense layers with dropout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Layers, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec, LabelledBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.methods.base import AdamW, Clock, Draw, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.nn.backbones.vgg_trunk import VGGTrunk


@final
@dataclass(frozen=True, kw_only=True)
class Classifier(Method):
    """A network that says how likely each class is."""

    takes = LabelledBatch
    compiles = ("classifier",)

    width: Width = 64
    """channels at the image's own side; they double with each halving, to at most 8 times"""
    depth: Layers = 2
    """convolutions at each size"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""
    weight_decay: Weight = 5e-4
    """decay of the kernels in each step, as a share of the learning rate"""

    def networks(self, data: DataSpec) -> Networks:
        if len(data.classes) < 2:
            raise ConfigError(
                "a classifier tells classes apart; sort the images into two or more folders, one a class."
            )
        if min(data.size) < 4:
            raise ConfigError("a classifier needs images of 4 pixels a side or more; use --resolution 8.")
        trunk = VGGTrunk(data.channels, data.size, self.width, self.depth)
        return Networks(classifier=nn.Sequential(trunk, nn.Linear(trunk.features, len(data.classes))))

    def optimisers(self) -> Mapping[str, Optim]:
        return {"classifier": AdamW("classifier", lr=self.lr, weight_decay=self.weight_decay)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        logits = nets.classifier(batch.image).float()
        error = (logits.detach().argmax(1) != batch.label).float().mean()
        yield Update("classifier", {"label": F.cross_entropy(logits, batch.label)}, watch={"error": error})

    def predictions(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """The class."""
        return {"class": Probabilities(spec.classes)}

    def predict(self, nets: nn.Module, examples: Tensor) -> Mapping[str, Tensor]:
        """Images [n, C, H, W] in [-1, 1] -> the probability of each class: [n, classes]."""
        logits: Tensor = nets.get_submodule("classifier")(examples)
        return {"class": logits.float().softmax(1)}


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "small": {"width": 16, "batch": 64, "examples": 300_000},  # for small images on a processor
}

PROOF = Proof(
    claim="A classifier names held-out silhouettes with under a third of the errors of logistic regression on their"
    " pixels; hiding a place costs its verdict dearly, and most where the shape is.",
    data="world:silhouettes",
    measure="classification",
    share=1 / 3,
    bars={"on_shape": 1.5, "lost": 0.3},
    settings={"examples": 40_000, "batch": 64, "width": 16, "depth": 1, "lr": 2e-3, "held_out": 0.1},
)
