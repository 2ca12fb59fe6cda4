"""Few pairs beside many images without a partner. Tripathy et al. 2018, arXiv:1805.03189, eq. 1 to 6.

Paper     here
G, F      `generator`, from source to target, and `reverse`
D_Y, D_X  `critic` of targets and `critic_source`; those of pairs, which see few images, are left out
P         the first `pairs` training pairs: all others are shown as sources and targets that do not belong together
lambda_1  `cycle`
lambda_2  `l1`, of the pairs
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Layers, LayersOrNone, Positive, Share, Weight, Width
from saddlepoint.data.batches import Batch, DataSpec, PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Linear, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.nn.backbones.patchgan import PatchCritic, fewer_halvings, patch_sizes
from saddlepoint.nn.backbones.resnet_translator import ResNetTranslator
from saddlepoint.nn.layers.norm import Norm
from saddlepoint.nn.modes import unremembered


@final
@dataclass(frozen=True, kw_only=True)
class FewPairs(Method):
    """Translation from a few pairs and many images of both kinds that do not belong together."""

    takes = PairedBatch
    batch_statistics = True
    defaults = {"batch": 1}

    pairs: Count = 50
    """pairs that are used as such, the first ones; of the rest nothing is told that goes together"""
    pairs_at_once: Count = 8
    """pairs shown in each step"""
    l1: Weight = 100.0
    """weight of the mean absolute difference to the target, of pairs, both ways"""
    adversarial: Weight = 1.0
    """weight of the critics' scores; 0 leaves the pairs and there and back"""
    cycle: Weight = 10.0
    """weight of the mean absolute difference after there and back; 0 for none"""
    blocks: Layers = 9
    """residual blocks of each generator"""
    generator_width: Width = 64
    """the generators' channels at the full side"""
    critic_width: Width = 64
    """the discriminators' (critics') channels in the first layer; they double with each, to at most 8 times"""
    norm: Norm = "instance"
    """norm between the layers of all: instance, or batch"""
    halvings: LayersOrNone = 3
    """layers of the critics that halve"""
    lr: Positive = 2e-4
    """learning rate of all (Adam)"""
    decay_after: Share = 0.5
    """share of the run after which the learning rate falls to 0 in a line; 1 for never"""
    beta1: Decay = 0.5
    """Adam's first beta, for all"""

    def networks(self, data: DataSpec) -> Networks:
        source, target = data.image("source"), data.image("target")
        if source.shape != target.shape:
            raise ConfigError(
                f"there and back needs sources and targets of one form; the data has {source} and {target}."
            )
        sizes = ResNetTranslator.sizes & patch_sizes(self.halvings)
        sizes.check(*data.size, instead=fewer_halvings(self.halvings, data.size))
        nets: dict[str, nn.Module] = {}
        for name in ("generator", "reverse"):
            nets[name] = ResNetTranslator(data.channels, self.generator_width, self.blocks, self.norm)
        for name in ("critic", "critic_source"):
            nets[name] = PatchCritic(data.channels, self.critic_width, self.halvings, self.norm)
        return Networks(**nets, kept=Pairs(self.pairs, source.shape))

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Linear(self.lr, after=self.decay_after)
        groups = {"generators": ("generator", "reverse"), "critics": ("critic", "critic_source")}
        return {name: Adam(*nets, lr=rate, betas=(self.beta1, 0.999)) for name, nets in groups.items()}

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        """Keep the pairs. Raises ConfigError where there are fewer."""
        examples = look(self.pairs).tensors()
        if len(examples["source"]) < self.pairs:
            raise ConfigError(
                f"there are {len(examples['source'])} training pairs: use --pairs {len(examples['source'])}."
            )
        nets.kept.learn(examples["source"], examples["target"])

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        source, target = draw().source, draw().target  # of two draws, so that they do not belong together
        left, right = nets.kept(draw.uniform(len(source), self.pairs_at_once).flatten())
        terms = {
            "l1_target": self.l1 * F.l1_loss(nets.generator(left), right),
            "l1_source": self.l1 * F.l1_loss(nets.reverse(right), left),
        }
        image, origin = nets.generator(source), nets.reverse(target)
        with unremembered(nets):
            if self.cycle:
                terms["cycle_source"] = self.cycle * F.l1_loss(nets.reverse(image), source)
                terms["cycle_target"] = self.cycle * F.l1_loss(nets.generator(origin), target)
        if self.adversarial:
            # Squares are halved for critics and whole for generators.
            whole = 2 * self.adversarial
            terms["fake_target"] = whole * generator_loss("least-squares", nets.critic(image))
            terms["fake_source"] = whole * generator_loss("least-squares", nets.critic_source(origin))
        yield Update("generators", terms)
        if not self.adversarial:
            return
        losses: dict[str, Tensor] = {}
        watch: dict[str, Tensor] = {}
        for kind, critic, real, fake in (
            ("target", nets.critic, target, image),
            ("source", nets.critic_source, source, origin),
        ):
            logits = critic(real), critic(fake.detach())
            losses |= {f"{name}_{kind}": loss for name, loss in critic_loss("least-squares", *logits).items()}
            watch |= {f"{name}_{kind}": value for name, value in mean_logits(*logits).items()}
        yield Update("critics", losses, watch=watch)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """Both ways."""
        return {"source": "target", "target": "source"}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Sources [n, C, H, W] in [-1, 1] as targets, or targets as sources; there is nothing to draw."""
        image: Tensor = nets.get_submodule("generator" if origin == "source" else "reverse")(images)
        return image


@final
class Pairs(nn.Module):
    """Some pairs of images, which are saved with the networks while they train."""

    def __init__(self, count: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("sources", torch.zeros(count, *shape))
        self.register_buffer("targets", torch.zeros(count, *shape))

    def learn(self, sources: Tensor, targets: Tensor) -> None:
        """Keep these."""
        self.get_buffer("sources")[:], self.get_buffer("targets")[:] = sources, targets

    def forward(self, chance: Tensor) -> tuple[Tensor, Tensor]:
        """A pair for each number in [0, 1).  [n] -> [n, C, H, W] twice"""
        place = (chance * len(self.get_buffer("sources"))).long()
        return self.get_buffer("sources")[place], self.get_buffer("targets")[place]


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "256": {"resolution": 256, "flip": True, "batch": 1},  # section 4: 50 pairs of Cityscapes beside the rest
    "small": {"generator_width": 16, "critic_width": 16, "blocks": 3, "pairs_at_once": 2},  # for a processor
}

PROOF = Proof(
    claim="From 20 pairs, and thousands of images whose partner nobody tells, outlines are lit and coloured nearer to"
    " the truth than by the best of three naive maps, which know two thousand pairs.",
    data="world:edges",
    measure="translation",
    share=2 / 3,
    settings={
        "resolution": 16,
        "images": 32_000,
        "batch": 16,
        "pairs": 20,
        "pairs_at_once": 1,
        "l1": 30.0,  # 20 pairs are soon known by heart: what is said of all others has to count beside them
        "blocks": 1,
        "generator_width": 12,
        "critic_width": 12,
        "halvings": 1,
        "norm": "batch",
        "lr": 2e-3,
    },
)
