"""Vision Mamba: an image as a row of patches, read forwards and backwards by state spaces. Zhu et al. 2024,
arXiv:2401.09417, section 3.

Paper  here
E, N   inner (twice the width), state
SSM    nn/layers/state_space.py: Mamba's own, of each direction with weights of its own

Both directions share the layers before and after; the class token stands in the middle of the row, so that each of them
has read half of the image when it comes to it. Time and memory grow with the number of patches, and not its square.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Layers, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, LabelledBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.methods.base import AdamW, Clock, Cosine, Draw, Method, Moves, Networks, Optim, Proof, Update, WarmUp
from saddlepoint.nn.backbones.vit import patches_of
from saddlepoint.nn.layers.state_space import SelectiveBranch


@final
@dataclass(frozen=True, kw_only=True)
class VisionMamba(Method):
    """State spaces over patches, in both directions."""

    takes = LabelledBatch
    compiles = ("network",)

    patch: Count = 16
    """pixels of a side of a patch; it divides both sides of the images"""
    layers: Layers = 24
    """blocks of both directions"""
    width: Width = 192
    """numbers that stand for a patch; twice as many are kept within a block"""
    state: Width = 16
    """numbers that the state keeps of each of them"""
    lr: Positive = 1e-3
    """highest learning rate (AdamW), which falls to 0 along half a cosine"""
    warmup: Share = 0.05
    """share of the run in which the rate rises from 0"""
    decay: Weight = 0.1
    """weight decay of the matrices"""

    def networks(self, data: DataSpec) -> Networks:
        if len(data.classes) < 2:
            raise ConfigError("a Vision Mamba tells classes apart; sort the images into two or more folders.")
        return Networks(network=_Network(data.image(), len(data.classes), self))

    def optimisers(self) -> Mapping[str, Optim]:
        rate = WarmUp(Cosine(self.lr, 0.0), self.warmup)
        return {"network": AdamW("network", lr=rate, weight_decay=self.decay, clip=1.0)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        logits = nets.network(batch.image).float()
        error = (logits.detach().argmax(1) != batch.label).float().mean()
        yield Update("network", {"label": F.cross_entropy(logits, batch.label)}, watch={"error": error})

    def predictions(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """The class."""
        return {"class": Probabilities(spec.classes)}

    def predict(self, nets: nn.Module, examples: Tensor) -> Mapping[str, Tensor]:
        """Images [n, C, H, W] in [-1, 1] -> the probability of each class: [n, classes]."""
        logits: Tensor = nets.get_submodule("network")(examples)
        return {"class": logits.float().softmax(1)}


@final
class BothWays(nn.Module):
    """[N, T, width] -> [N, T, width]: a state space read forwards, another read backwards, and the mean of the two."""

    def __init__(self, width: int, state: int) -> None:
        super().__init__()
        inner = 2 * width
        self.input, self.out = nn.Linear(width, 2 * inner, bias=False), nn.Linear(inner, width, bias=False)
        rank = -(-width // 16)
        self.forwards, self.backwards = (SelectiveBranch(inner, state, rank) for _ in range(2))

    def forward(self, hidden: Tensor) -> Tensor:
        signal, gate = self.input(hidden).chunk(2, 2)
        ahead = self.forwards(signal)
        back = self.backwards(signal.flip(1)).flip(1)
        output: Tensor = self.out((ahead + back) / 2 * F.silu(gate))
        return output


@final
class _Network(nn.Module):
    """Images [N, C, H, W] in [-1, 1] -> logits [N, classes]."""

    def __init__(self, image: Image, classes: int, settings: VisionMamba) -> None:
        super().__init__()
        rows, columns = patches_of(image, settings.patch)
        width = settings.width
        self.embed = nn.Conv2d(image.channels, width, settings.patch, settings.patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.zeros(1, rows * columns + 1, width))
        self.norms = nn.ModuleList(nn.RMSNorm(width, eps=1e-5) for _ in range(settings.layers))
        self.mixers = nn.ModuleList(BothWays(width, settings.state) for _ in range(settings.layers))
        self.norm, self.head = nn.RMSNorm(width, eps=1e-5), nn.Linear(width, classes)
        for token in (self.class_token, self.positions):
            nn.init.trunc_normal_(token, std=0.02)
        nn.init.trunc_normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(image))
        return logits

    def features(self, image: Tensor) -> Tensor:
        """What the class token has gathered.  [N, width]"""
        patches = self.embed(image).flatten(2).transpose(1, 2)
        middle = patches.shape[1] // 2
        token = self.class_token.expand(len(image), -1, -1)
        hidden = torch.cat((patches[:, :middle], token, patches[:, middle:]), 1) + self.positions
        for norm, mixer in zip(self.norms, self.mixers):
            hidden = hidden + mixer(norm(hidden))
        gathered: Tensor = self.norm(hidden)[:, middle]
        return gathered


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {"layers": 24, "width": 192, "resolution": 224, "batch": 1024, "lr": 1e-3},  # table 1, section 4.1
    "small": {"layers": 24, "width": 384, "resolution": 224, "batch": 1024, "lr": 1e-3},  # the same
    "quick": {"patch": 4, "layers": 4, "width": 48, "state": 8, "lr": 3e-3, "batch": 64},  # small images, a processor
}

PROOF = Proof(
    claim="A Vision Mamba names held-out silhouettes with under half of the errors of logistic regression on pixels.",
    data="world:silhouettes",
    measure="attention",
    share=0.5,
    settings={
        "examples": 80_000,
        "batch": 64,
        "patch": 4,
        "layers": 2,
        "width": 48,
        "state": 4,
        "lr": 3e-3,
        "held_out": 0.1,
    },
)
