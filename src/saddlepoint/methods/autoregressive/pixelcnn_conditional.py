"""Class-conditional PixelCNN: gated convolutions that also hear the class. van den Oord et al. 2016, arXiv:1606.05328.

Each layer's gates get a vector of the class h beside what they see, in both stacks (eq. 4):
y = tanh(W_f x + V_f h) sigmoid(W_g x + V_g h). Turned round by Bayes' rule it names the class of an image:
p(class | x) is in proportion to p(x | class), with all classes alike before anything is seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from torch import Tensor, nn

from saddlepoint.config import Layers, Positive, Width
from saddlepoint.data.batches import DataSpec, LabelledBatch
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.methods.base import Adam, Networks, Optim, Proof
from saddlepoint.methods.families.pixel_by_pixel import PixelByPixel
from saddlepoint.methods.families.sampled import level_value, nearest_level
from saddlepoint.nn.backbones.pixelcnn import GatedPixelCNN


@final
@dataclass(frozen=True, kw_only=True)
class ConditionalPixelCNN(PixelByPixel):
    """The gated PixelCNN with a class: it makes images of one, says how likely images are, and names their class."""

    takes = LabelledBatch
    defaults = {"batch": 16}

    width: Width = 128
    """channels of both stacks, rounded up to a multiple of the image's own"""
    blocks: Layers = 15
    """layers of both stacks"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""

    def networks(self, data: DataSpec) -> Networks:
        shape = data.image().shape
        colours = self.colours(shape[0])
        outputs = self.outputs(shape[0])
        return Networks(
            network=GatedPixelCNN(shape, outputs, self.width, self.blocks, colours, classes=len(data.classes))
        )

    def optimisers(self) -> Mapping[str, Optim]:
        return {"network": Adam("network", lr=self.lr)}

    def predictions(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """The class."""
        return {"class": Probabilities(spec.classes)}

    def predict(self, nets: nn.Module, examples: Tensor) -> Mapping[str, Tensor]:
        """The probability of each class by Bayes' rule, [n, classes]; images are brought to the levels it knows."""
        image = level_value(nearest_level(examples, self.levels), self.levels)
        return {"class": self.log_by_class(nets, image).softmax(1)}


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "small": {"shades": 2, "width": 16, "blocks": 6, "lr": 5e-3, "batch": 32},
}

PROOF = Proof(
    claim="Turned round by Bayes' rule, a class-conditional PixelCNN names the shape of a silhouette better than naive"
    " Bayes does.",
    data="world:silhouettes",
    measure="class-by-density",
    difference=0.2,
    settings={"images": 6_400, "held_out": 0.1, "batch": 32, "shades": 2, "width": 16, "blocks": 6, "lr": 5e-3},
)
