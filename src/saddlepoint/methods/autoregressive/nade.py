"""NADE: hidden units shared by all conditionals, updated from one to the next. Larochelle & Murray 2011; see
arXiv:1605.02226, eq. 2-6.

Paper   here
a_1     bias c of the hidden units;  a_{i+1} = a_i + W_i x_i, so that all conditionals cost O(D H) together
h_i     sigmoid(a_i), or ReLU
p(x_i)  sigmoid(V_i h_i + b_i)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Positive, Width
from saddlepoint.data.batches import Batch, DataSpec
from saddlepoint.losses.likelihood import bernoulli
from saddlepoint.methods.base import Adam, Networks, Optim, Proof
from saddlepoint.methods.families.sampled import Sampled, Steps, two_levels

Activation = Literal["sigmoid", "relu"]


@final
class DistributionEstimator(nn.Module):
    """[N, C, H, W] in [-1, 1] -> logits of white, the same shape; each depends on the numbers before its own alone."""

    classes = 0

    def __init__(self, shape: tuple[int, int, int], width: int, activation: Activation) -> None:
        super().__init__()
        self.shape, self.activation, numbers = shape, activation, math.prod(shape)
        self.inputs = nn.Parameter(torch.randn(numbers, width) * 0.01)  # W of the paper
        self.outputs = nn.Parameter(torch.randn(numbers, width) * 0.01)  # V
        self.hidden_bias, self.bias = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.zeros(numbers))

    def forward(self, image: Tensor) -> Tensor:
        x = (image.flatten(1) + 1) / 2
        terms = x[:, :, None] * self.inputs  # [N, D, H]
        sums = self.hidden_bias + terms.cumsum(1) - terms  # of the numbers before each
        return ((self.units(sums) * self.outputs).sum(2) + self.bias).view_as(image)

    def units(self, sums: Tensor) -> Tensor:
        """Hidden units from their sums, of any shape."""
        return sums.sigmoid() if self.activation == "sigmoid" else F.relu(sums)


@final
@dataclass(frozen=True, kw_only=True)
class NADE(Sampled):
    """The neural autoregressive distribution estimator, for black and white images."""

    levels = 2
    defaults = {"batch": 100}

    width: Width = 500
    """hidden units"""
    activation: Activation = "sigmoid"
    """of the hidden units"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""

    def networks(self, data: DataSpec) -> Networks:
        return Networks(network=DistributionEstimator(data.image().shape, self.width, self.activation))

    def optimisers(self) -> Mapping[str, Optim]:
        return {"network": Adam("network", lr=self.lr)}

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        """Biases of the outputs begin at how often each number is white."""
        image: Tensor = look(10_000).tensors()["image"]
        white = ((image + 1) / 2).flatten(1).sum(0)
        nets.network.bias.copy_(torch.logit((white + 1) / (len(image) + 2)))

    def log_probability(self, nets: nn.Module, image: Tensor, label: Tensor | None = None) -> Tensor:
        return bernoulli(image, nets.get_submodule("network")(image))

    def steps(self, nets: nn.Module, image: Tensor, label: Tensor | None = None) -> Steps:
        network: Any = nets.get_submodule("network")
        flat = image.view(len(image), -1)
        sums = network.hidden_bias.expand(len(image), -1)
        for index in range(flat.shape[1]):
            yield index, two_levels(network.units(sums) @ network.outputs[index] + network.bias[index])
            sums = sums + (flat[:, index, None] + 1) / 2 * network.inputs[index]


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "small": {"width": 64, "lr": 1e-2},
}

PROOF = Proof(
    claim="NADE finds held-out silhouettes likelier than a mixture of 100 Bernoullis does.",
    data="world:silhouettes",
    measure="exact-nats",
    difference=5.0,
    settings={"images": 60_000, "held_out": 0.1, "width": 64, "lr": 2e-2},
)
