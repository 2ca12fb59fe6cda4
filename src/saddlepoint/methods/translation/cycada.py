"""CyCADA: a classifier for images without labels, by labelled ones that are translated into their look. Hoffman et al.
2018, arXiv:1711.03213, eq. 1 to 7.

Paper            here
S, T             `labelled` images, kind a, and `unlabelled` ones, kind b
G_S->T, G_T->S   `a2b`, `b2a`
D_T, D_S         `critic_b`, `critic_a`
f_S              `teacher`, taught by labelled images throughout; nothing else moves it
f_T              `classifier`, taught by translated ones
L_sem            `meaning`: what a translation shows, by the teacher

The adaptation of features that may follow (eq. 6) is left out: `dann` has one of that kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Layers, LayersOrNone, Share, Weight, Width
from saddlepoint.data.batches import UNLABELLED, AdaptBatch, DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.probabilities import Probabilities
from saddlepoint.losses.segmentation import same_regions
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.two_way import OTHER, TwoWay
from saddlepoint.nn.backbones.lenet import LeNetTrunk
from saddlepoint.nn.backbones.patchgan import PatchCritic, fewer_halvings, patch_sizes
from saddlepoint.nn.backbones.resnet_translator import ResNetTranslator
from saddlepoint.nn.layers.norm import Norm
from saddlepoint.nn.layers.number import Number


@final
@dataclass(frozen=True, kw_only=True)
class CyCADA(TwoWay):
    """A classifier that is taught on one kind of images, such as rendered ones, translated into another, such as
    photographs, where it is used."""

    takes = AdaptBatch  # type: ignore[assignment]
    batch_statistics = True
    defaults = {"batch": 100}  # as in the paper's experiments on digits

    cycle: Weight = 1.0
    """weight of the mean absolute difference after there and back"""
    meaning: Weight = 1.0
    """weight of the teacher's cross-entropy on translated images; 0 lets translations change what is shown"""
    meaning_by: Literal["teacher", "label"] = "teacher"
    """what a labelled image shows: what the teacher says of it, as in the paper, or its label"""
    alone: Share = 0.1
    """share of the run in which the teacher learns alone"""
    blocks: Layers = 6
    """residual blocks of each generator"""
    generator_width: Width = 64
    """the generators' channels at the full side"""
    critic_width: Width = 64
    """the discriminators' (critics') channels in the first layer; they double with each, to at most 8 times"""
    halvings: LayersOrNone = 3
    """layers of the critics that halve"""
    norm: Norm = "instance"
    """norm between the layers of generators and critics"""
    widths: tuple[Width, Width] = (20, 50)
    """channels of the classifiers' two convolutions"""
    hidden: Width = 500
    """units of their hidden layer"""

    def networks(self, data: DataSpec) -> Networks:
        if UNLABELLED not in data.classes or len(data.classes) < 3:
            raise ConfigError(f"a classifier tells two classes or more apart. {AdaptBatch.given_by}")
        sizes = ResNetTranslator.sizes & patch_sizes(self.halvings)
        sizes.check(*data.size, instead=fewer_halvings(self.halvings, data.size))
        nets: dict[str, nn.Module] = {}
        for kind, other in OTHER.items():
            shape = (data.channels, self.generator_width, self.blocks, self.norm)
            nets[f"{kind}2{other}"] = ResNetTranslator(*shape)
            nets[f"critic_{kind}"] = PatchCritic(data.channels, self.critic_width, self.halvings, self.norm)
        for name in ("teacher", "classifier"):
            trunk = LeNetTrunk(data.channels, data.size, self.widths, 0.0)
            head = (nn.Linear(trunk.features, self.hidden), nn.ReLU(), nn.Linear(self.hidden, len(data.classes) - 1))
            nets[name] = nn.Sequential(trunk, *head)
        return Networks(**nets, untold=Number(float(data.classes.index(UNLABELLED))))

    def optimisers(self) -> Mapping[str, Optim]:
        classifiers = {name: Adam(name, lr=1e-3, betas=(0.9, 0.999)) for name in ("teacher", "classifier")}
        return {**TwoWay.optimisers(self), **classifiers}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        label = batch.label - (batch.label > nets.untold.value).long()  # numbers without the class of the untold
        yield Update("teacher", {"label": F.cross_entropy(nets.teacher(batch.labelled).float(), label)})
        if clock.examples < self.alone * clock.total:
            return
        image = {"a": batch.labelled, "b": batch.unlabelled}
        fake = {other: self.across(nets, image[kind], kind) for kind, other in OTHER.items()}
        update = self.generators_move(nets, image, fake, clock)
        yield Update("generators", {**update.losses, **self._meaning(nets, image, fake, label)})
        shown = {kind: one.detach() for kind, one in fake.items()}
        yield self.critics_move(nets, image, shown)
        logits = nets.classifier(shown["b"]).float()
        yield Update("classifier", {"label": F.cross_entropy(logits, label)})

    def _meaning(
        self, nets: Networks, image: Mapping[str, Tensor], fake: Mapping[str, Tensor], label: Tensor
    ) -> dict[str, Tensor]:
        if not self.meaning:
            return {}
        with torch.no_grad():
            says = {kind: nets.teacher(image[kind]) for kind in image}
        there, back = nets.teacher(fake["b"]), nets.teacher(fake["a"])
        own = same_regions(there, says["a"]) if self.meaning_by == "teacher" else F.cross_entropy(there.float(), label)
        return {"meaning_b": self.meaning * own, "meaning_a": self.meaning * same_regions(back, says["b"])}

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """Both ways, by the names that the images have in a batch."""
        return {"labelled": "unlabelled", "unlabelled": "labelled"}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] of one domain as of the other; there is nothing to draw."""
        return self.across(nets, images, "a" if origin == "labelled" else "b")

    def predictions(self, nets: nn.Module, spec: DataSpec) -> Mapping[str, Kind]:
        """The class."""
        return {"class": Probabilities(tuple(name for name in spec.classes if name != UNLABELLED))}

    def predict(self, nets: nn.Module, examples: Tensor) -> Mapping[str, Tensor]:
        """Images [n, C, H, W] in [-1, 1], of the kind without labels -> the probability of each class: [n, classes]."""
        logits: Tensor = nets.get_submodule("classifier")(examples)
        return {"class": logits.float().softmax(1)}


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "digits": {"resolution": 32, "batch": 100},  # github.com/jhoffman/cycada_release, 100 epochs
    "small": {"generator_width": 16, "critic_width": 16, "blocks": 2, "batch": 16},  # for a processor
}

PROOF = Proof(
    claim="CyCADA, told the classes of white shapes on black and shown coloured ones on stripes, names the latter with"
    " fewer errors than a network that learns the labelled ones alone.",
    data="world:domains",
    measure="adaptation",
    share=0.8,
    settings={
        "resolution": 16,
        "examples": 44_000,
        "batch": 32,
        "blocks": 1,
        "generator_width": 12,
        "critic_width": 12,
        "halvings": 1,
        "norm": "batch",
        "widths": (16, 24),
        "hidden": 48,
        "lr": 1e-3,
        "held_out": 0.1,
    },
)
