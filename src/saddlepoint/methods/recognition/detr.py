"""DETR: a transformer says what lies where in an image, a set of boxes at once. Carion et al. 2020, arXiv:2005.12872,
section 3.

Paper        here
N            queries: boxes that are guessed for each image
L_Hungarian  the losses of guesses that are matched with the true boxes, each truth with one guess
no object    the last class, which what is matched with nothing should have

The trunk is one of strided convolutions with group norms that learns with the rest, where the paper has a ResNet-50
that has learnt on ImageNet (`--trunk resnet`, of weights that are imported). All else is the paper's: positions are
added to questions and keys in every attention, each layer of the decoder is judged by itself with the same heads, and
nothing is sorted out afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Layers, Positive, Share, Weight, Width
from saddlepoint.data.batches import BoxBatch, DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.boxes import Boxes
from saddlepoint.kinds.kind import Kind
from saddlepoint.losses.boxes import matched, overlaps
from saddlepoint.methods.base import AdamW, Clock, Draw, Method, Moves, Networks, Optim, Part, Proof, Update
from saddlepoint.nn.backbones.bottleneck_resnet import BottleneckResNet
from saddlepoint.nn.layers.encoder_decoder import DecoderLayer, EncoderLayer


@dataclass(frozen=True)
class Dropped:
    """`start` for a share of the planned run, then a tenth of it."""

    start: float
    share: float

    def __call__(self, clock: Clock) -> float:
        return self.start if clock.examples < self.share * max(clock.total, 1) else self.start / 10


@final
@dataclass(frozen=True, kw_only=True)
class DETR(Method):
    """A set of guesses for each image, each of which finds its own object."""

    takes = BoxBatch
    batch_statistics = True
    compiles = ("detector",)

    queries: Count = 100
    """boxes that are guessed for each image; more than any image has objects"""
    layers: Layers = 6
    """layers of the encoder, and as many of the decoder"""
    heads: Layers = 8
    """heads of each attention; they divide the width"""
    width: Width = 256
    """numbers that stand for a place of the image, and for a guess; 4 divides them"""
    hidden: Width = 2048
    """numbers between the two linear layers at each place"""
    trunk: Literal["plain", "resnet"] = "plain"
    """pairs of convolutions with group norms at each size, or a ResNet of bottlenecks, as imported weights have it"""
    trunk_width: Width = 64
    """channels of the trunk's first convolution; they double with each halving"""
    blocks: tuple[Count, Count, Count, Count] = (3, 4, 6, 3)
    """bottlenecks of the four stages of a ResNet; the last has 32 times `trunk_width` channels"""
    halvings: Layers = 5
    """times that the trunk halves the sides of the image"""
    dropout: Decay = 0.1
    """share of numbers that are left out in training"""
    none_weight: Positive = 0.1
    """weight of the guesses that are to be no object, since most are"""
    lr: Positive = 1e-4
    """learning rate (AdamW), a tenth of it in the last third of the run"""
    trunk_rate: Positive = 0.1
    """what the learning rate of the trunk is multiplied by; 1 for a trunk that has learnt nothing yet"""
    steady: Share = 0.667
    """share of the run after which the rate drops to a tenth"""
    decay: Weight = 1e-4
    """weight decay of the matrices"""
    clip: Positive = 0.1
    """longest gradient: a longer one is scaled down to this length"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads or self.width % 4:
            raise ConfigError(f"--width {self.width} does not fit: choose one that 4 and {self.heads} heads divide.")

    def networks(self, data: DataSpec) -> Networks:
        boxes = data.fields["boxes"]
        assert isinstance(boxes, Boxes)
        if boxes.most > self.queries:
            raise ConfigError(f"an image has {boxes.most} boxes, and {self.queries} are guessed: raise --queries.")
        if self.trunk == "resnet" and data.channels != 3:
            raise ConfigError("a ResNet reads three colours: use --channels 3, or --trunk plain.")
        if min(data.size) < 2**self.halvings:
            raise ConfigError(
                f"{self.halvings} halvings leave nothing of images of {min(data.size)} pixels: lower --halvings."
            )
        return Networks(detector=_Detector(data.channels, len(boxes.names), self))

    def optimisers(self) -> Mapping[str, Optim]:
        parts = (Part(paths=("detector.trunk",), rate=self.trunk_rate),)
        rate = Dropped(self.lr, self.steady)
        return {"detector": AdamW("detector", lr=rate, weight_decay=self.decay, clip=self.clip, parts=parts)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        logits, boxes = nets.detector(batch.image)
        losses, share = self.losses(logits.float(), boxes.float(), batch.boxes)
        yield Update("detector", losses, watch={"found": share})

    def losses(self, logits: Tensor, boxes: Tensor, truth: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """What is minimised, summed over the decoder's layers, and the share of objects whose class the last one knows.

        logits: [layers, N, Q, classes + 1]. boxes: [layers, N, Q, 4]. truth: [N, K, 6], see `kinds.boxes`.
        """
        there = truth[..., 0] >= 0
        own, image = truth[there], there.nonzero()[:, 0]  # [M, 6], and which image each is in
        none = logits.shape[3] - 1
        weight = torch.ones(none + 1, device=logits.device)
        weight[none] = self.none_weight
        sums = {name: logits.new_zeros(()) for name in ("label", "place", "overlap")}
        known = logits.new_zeros(())
        for guess, box in zip(logits, boxes):
            costs = cost(guess.flatten(0, 1), box.flatten(0, 1), own).unflatten(0, guess.shape[:2])
            query = matched(costs, there.sum(1).tolist())
            target = torch.full(guess.shape[:2], none, device=guess.device)
            target[image, query] = own[:, 0].long()
            sums["label"] = sums["label"] + F.cross_entropy(guess.flatten(0, 1), target.flatten(), weight)
            if len(own):
                mine = box[image, query]
                sums["place"] = sums["place"] + 5 * (mine - own[:, 2:]).abs().sum() / len(own)
                shared = 1 - overlaps(mine[:, None], own[:, None, 2:])[1]
                sums["overlap"] = sums["overlap"] + 2 * shared.sum() / len(own)
                known = (guess[image, query].argmax(1) == own[:, 0]).float().mean()
        return sums, known

    def predictions(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """Boxes with their classes."""
        boxes = spec.fields["boxes"]
        assert isinstance(boxes, Boxes)
        return {"boxes": Boxes(self.queries, boxes.names)}

    def predict(self, nets: nn.Module, examples: Tensor) -> Mapping[str, Tensor]:
        """Images [n, C, H, W] in [-1, 1] -> all guesses [n, queries, 6], the surest first; see `kinds.boxes`."""
        logits, boxes = nets.get_submodule("detector")(examples)
        score, label = logits[-1].float().softmax(2)[..., :-1].max(2)
        rows = torch.cat((label[..., None].float(), score[..., None], boxes[-1].float()), 2)
        order = score.argsort(dim=1, descending=True, stable=True)
        return {"boxes": rows.gather(1, order[..., None].expand_as(rows))}


@torch.no_grad()
def cost(logits: Tensor, boxes: Tensor, truth: Tensor) -> Tensor:
    """What matching each guess with each true box costs: section 3.1, by the probability and not its logarithm.

    logits: [Q, classes + 1]. boxes: [Q, 4]. truth: [K, 6]. Returns [Q, K].
    """
    shares = logits.softmax(1)[:, truth[:, 0].long()]
    apart = (boxes[:, None] - truth[None, :, 2:]).abs().sum(2)
    return 5 * apart - shares - 2 * overlaps(boxes, truth[:, 2:])[1]


@final
class _Detector(nn.Module):
    """Images [N, C, H, W] -> logits [layers, N, Q, classes + 1] and boxes [layers, N, Q, 4], of each decoder layer."""

    def __init__(self, channels: int, classes: int, settings: DETR) -> None:
        super().__init__()
        width = settings.width
        inputs, outputs = channels, settings.trunk_width
        self.trunk: nn.Module
        if settings.trunk == "resnet":
            self.trunk = BottleneckResNet(settings.trunk_width, settings.blocks)
            inputs = self.trunk.outputs
        else:
            convolutions: list[nn.Module] = []
            for _ in range(settings.halvings):
                for stride in (2, 1):
                    convolutions.append(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False))
                    convolutions += [nn.GroupNorm(math.gcd(outputs, 8), outputs), nn.ReLU()]
                    inputs = outputs
                outputs *= 2
            self.trunk = nn.Sequential(*convolutions)
        self.project = nn.Conv2d(inputs, width, 1)
        sizes = (width, settings.heads, settings.hidden)
        self.encoder = nn.ModuleList(EncoderLayer(*sizes, dropout=settings.dropout) for _ in range(settings.layers))
        self.decoder = nn.ModuleList(DecoderLayer(*sizes, dropout=settings.dropout) for _ in range(settings.layers))
        first: Any = self.decoder[0]  # guesses begin as zeros: what each offers is the same, whoever asks
        for parameter in (*first.attention.question.parameters(), *first.attention.key.parameters()):
            parameter.requires_grad_(False)
        first.attention.value.weight.requires_grad_(False)
        self.norm = nn.LayerNorm(width)
        self.queries = nn.Embedding(settings.queries, width)
        self.label = nn.Linear(width, classes + 1)
        self.box = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 4)
        )

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        return self.found(self.project(self.trunk(image)))

    def found(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """From the trunk's features in the width of the transformer, [N, width, h, w]."""
        positions = sine_positions(features.shape[2], features.shape[3], features.shape[1]).to(features)[None]
        memory = features.flatten(2).transpose(1, 2)
        for layer in self.encoder:
            memory = layer(memory, positions=positions)
        queries = self.queries.weight[None].expand(len(features), -1, -1)
        hidden, states = torch.zeros_like(queries), []
        decoder: list[Any] = list(self.decoder)
        for layer in decoder:
            offer = layer.cross.offer(memory + positions, memory)
            hidden = layer(hidden, offer, positions=queries)
            states.append(self.norm(hidden))
        each = torch.stack(states)
        return self.label(each), self.box(each).sigmoid()


def sine_positions(rows: int, columns: int, width: int) -> Tensor:
    """Positions of a grid, [rows x columns, width]: waves of the row, then of the column, each scaled to 2 pi."""
    half = width // 2
    speed = 10_000.0 ** (-(torch.arange(half) // 2 * 2) / half)
    waves = []
    for count in (rows, columns):
        place = torch.arange(1, count + 1) / (count + 1e-6) * 2 * math.pi
        angle = place[:, None] * speed
        waves.append(torch.stack((angle[:, 0::2].sin(), angle[:, 1::2].cos()), 2).flatten(1))
    down = waves[0][:, None].expand(-1, columns, -1)
    across = waves[1][None].expand(rows, -1, -1)
    return torch.cat((down, across), 2).flatten(0, 1)


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "small": {  # small images on a processor
        "queries": 8,
        "layers": 2,
        "heads": 4,
        "width": 64,
        "hidden": 128,
        "trunk_width": 32,
        "halvings": 3,
        "dropout": 0.0,
        "lr": 5e-4,
        "trunk_rate": 1.0,
        "batch": 32,
    },
}

PROOF = Proof(
    claim="DETR says of objects that it never saw what they are and where, one box for each without any sorting out.",
    data="world:objects",
    measure="detection",
    share=0.2,
    bars={"ap50": 0.75},
    settings={
        "examples": 115_000,
        "held_out": 0.1,
        "batch": 32,
        "queries": 8,
        "layers": 2,
        "heads": 4,
        "width": 64,
        "hidden": 128,
        "trunk_width": 16,
        "halvings": 3,
        "dropout": 0.0,
        "none_weight": 0.2,
        "lr": 5e-4,
        "trunk_rate": 1.0,
        "steady": 0.8,
    },
)
