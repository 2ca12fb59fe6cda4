"""DANN: a classifier for images without labels, by features that do not tell where an image comes from. Ganin et al.
2016, arXiv:1505.07818, eq. 9 to 13 and section 5.2.

Paper     here
S, T      `labelled` and `unlabelled` images: the source and the target domain
G_f       `features`
G_y       `labels`
G_d       `domains`; its gradient is turned around where it enters the features
lambda    `domain` times a strength that rises from 0 to 1
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Decay, Positive, Weight, Width
from saddlepoint.data.batches import UNLABELLED, AdaptBatch, DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.losses.domain import domain_loss, reversal_strength, reversed_gradient
from saddlepoint.methods.base import Adam, Clock, Draw, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.nn.backbones.lenet import LeNetTrunk
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.number import Number
from saddlepoint.nn.modes import unremembered


@final
@dataclass(frozen=True, kw_only=True)
class DANN(Method):
    """A classifier that is taught on one kind of images, such as rendered ones, and used on another."""

    takes = AdaptBatch
    batch_statistics = True
    compiles = ("features",)
    defaults = {"batch": 128}

    widths: tuple[Width, Width] = (64, 50)
    """channels of the two convolutions"""
    hidden: Width = 100
    """units of the hidden layers behind them"""
    dropout: Decay = 0.5
    """share of maps that is dropped in training, and of the label layers' units"""
    domain: Weight = 1.0
    """weight of the domains' loss; 0 leaves the labelled images alone"""
    lr: Positive = 1e-3
    """learning rate of all (Adam)"""

    def networks(self, data: DataSpec) -> Networks:
        if UNLABELLED not in data.classes or len(data.classes) < 3:
            raise ConfigError(f"a classifier tells two classes or more apart. {AdaptBatch.given_by}")
        LeNetTrunk.sizes.check(*data.size)
        trunk = LeNetTrunk(data.channels, data.size, self.widths, self.dropout)
        labels = nn.Sequential(
            *_hidden(trunk.features, self.hidden),
            nn.Dropout(self.dropout),
            *_hidden(self.hidden, self.hidden),
            nn.Linear(self.hidden, len(data.classes) - 1),
        )
        domains = nn.Sequential(*_hidden(trunk.features, self.hidden), nn.Linear(self.hidden, 1))
        for head in (labels, domains):
            initialise(head, "he")
        untold = Number(float(data.classes.index(UNLABELLED)))
        return Networks(features=trunk, labels=labels, domains=domains, untold=untold)

    def optimisers(self) -> Mapping[str, Optim]:
        return {"classifier": Adam("features", "labels", "domains", lr=self.lr, betas=(0.9, 0.999))}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        label = batch.label - (batch.label > nets.untold.value).long()  # numbers without the class of the untold
        # Each domain is normalised by its own batch, and what is kept are the statistics of the second, where the
        # classifier is used: Li et al. 2018, arXiv:1603.04779.
        with unremembered(nets.features):
            own = nets.features(batch.labelled)
        other = nets.features(batch.unlabelled)
        logits = nets.labels(own).float()
        strength = reversal_strength(clock.examples / max(clock.total, 1))
        both = nets.domains(
            reversed_gradient(torch.cat((own, other)), strength)
        )  # together: a norm hides no difference
        verdicts = both.split((len(own), len(other)))
        right = torch.stack([(verdicts[0] < 0).float().mean(), (verdicts[1] > 0).float().mean()]).mean()
        losses = {"label": F.cross_entropy(logits, label), "domain": self.domain * domain_loss(*verdicts)}
        yield Update("classifier", losses, watch={"domain_accuracy": right.detach()})

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def predictions(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """The class."""
        return {"class": Probabilities(tuple(name for name in spec.classes if name != UNLABELLED))}

    def predict(self, nets: nn.Module, examples: Tensor) -> Mapping[str, Tensor]:
        """Images [n, C, H, W] in [-1, 1] -> the probability of each class: [n, classes]."""
        logits: Tensor = nets.get_submodule("labels")(nets.get_submodule("features")(examples))
        return {"class": logits.float().softmax(1)}


def _hidden(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "mnist-m": {"resolution": 28, "batch": 128},  # github.com/fungtion/DANN, 100 epochs
    "small": {"widths": (16, 32), "batch": 32},  # for a processor
}

PROOF = Proof(
    claim="DANN, told the classes of white shapes on black and shown coloured ones on stripes, names the latter with"
    " fewer errors than the same network that learns the labelled ones alone.",
    data="world:domains",
    measure="adaptation",
    share=0.8,
    settings={
        "resolution": 16,
        "examples": 384_000,
        "batch": 64,
        "widths": (16, 24),
        "hidden": 48,
        "dropout": 0.0,
        "domain": 0.3,  # with 1, hundreds of steps are too few to learn the classes beside
        "held_out": 0.1,
    },
)
