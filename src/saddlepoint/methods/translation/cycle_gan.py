"""CycleGAN: two styles into one another, learnt without pairs. Zhu et al. 2017, arXiv:1703.10593, eq. 1 to 3, sec. 5.2.

Paper      here
G: X -> Y  `a2b`
F: Y -> X  `b2a`
D_Y, D_X   `critic_b`, `critic_a`
lambda     `cycle`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Decay, Layers, LayersOrNone, Natural, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, UnpairedBatch
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.losses.adversarial import Objective, check_targets, critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Linear, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.nn.backbones.patchgan import PatchCritic, fewer_halvings, patch_sizes
from saddlepoint.nn.backbones.resnet_translator import ResNetTranslator
from saddlepoint.nn.layers.image_pool import ImagePool
from saddlepoint.nn.layers.norm import Norm
from saddlepoint.nn.modes import unremembered


@final
@dataclass(frozen=True, kw_only=True)
class CycleGAN(Method):
    """Translation both ways between two sets of images that show different things: horses and zebras, photographs and
    paintings. What is translated there and back must be what it was."""

    takes = UnpairedBatch
    batch_statistics = True
    compiles = ("a2b", "b2a")
    checkpoints = ("a2b.blocks", "b2a.blocks")
    defaults = {"batch": 1}  # as in the paper

    blocks: Layers = 9
    """residual blocks of each generator: 9 for images of 256 pixels, 6 for 128"""
    generator_width: Width = 64
    """the generators' channels at the full side"""
    critic_width: Width = 64
    """the discriminators' (critics') channels in the first layer; they double with each, to at most 8 times"""
    norm: Norm = "instance"
    """norm between the layers of all: instance as in the paper, or batch"""
    halvings: LayersOrNone = 3
    """layers of the critics that halve: 0, 1, 2, 3, 4, 5 make them judge patches of 1, 16, 34, 70, 142, 286 pixels"""
    objective: Objective = "least-squares"
    """what players and critics minimise"""
    cycle: Weight = 10.0
    """weight of the mean absolute difference after there and back"""
    identity: Weight = 5.0
    """weight of the mean absolute change of an image that is of the wanted style already; 0 lets colours wander"""
    pool: Natural = 50
    """generated images that are kept to show to a critic again; 0 for none"""
    lr: Positive = 2e-4
    """learning rate of all (Adam)"""
    decay_after: Share = 0.5
    """share of the run after which the learning rate falls to 0 in a line; 1 for never"""
    beta1: Decay = 0.5
    """Adam's first beta, for all"""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_targets(self.objective)
        if self.objective == "relativistic":
            raise ConfigError("the pool shows a critic other images than the pair needs; use another objective.")

    def networks(self, data: DataSpec) -> Networks:
        sizes = ResNetTranslator.sizes & patch_sizes(self.halvings)
        sizes.check(*data.size, instead=fewer_halvings(self.halvings, data.size))
        critics = (PatchCritic(data.channels, self.critic_width, self.halvings, self.norm) for _ in range(2))
        a2b, b2a = (ResNetTranslator(data.channels, self.generator_width, self.blocks, self.norm) for _ in range(2))
        critic_a, critic_b = critics
        pool_a, pool_b = (ImagePool(self.pool, data.shape) for _ in range(2))
        return Networks(a2b=a2b, b2a=b2a, critic_a=critic_a, critic_b=critic_b, pool_a=pool_a, pool_b=pool_b)

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Linear(self.lr, after=self.decay_after)
        groups = {"generators": ("a2b", "b2a"), "critics": ("critic_a", "critic_b")}
        return {name: Adam(*nets, lr=rate, betas=(self.beta1, 0.999)) for name, nets in groups.items()}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        a, b = batch.a, batch.b  # [N, C, S, S] in [-1, 1] each
        fake_b, same_b = self._both(nets.a2b, a, b)
        fake_a, same_a = self._both(nets.b2a, b, a)
        losses = {
            "a2b": self._score(nets.critic_b(fake_b)),
            "b2a": self._score(nets.critic_a(fake_a)),
            "cycle_a": self.cycle * F.l1_loss(self._back(nets.b2a, fake_b), a),
            "cycle_b": self.cycle * F.l1_loss(self._back(nets.a2b, fake_a), b),
            "identity_a": self.identity * F.l1_loss(same_a, a),
            "identity_b": self.identity * F.l1_loss(same_b, b),
        }
        yield Update("generators", losses)
        terms: dict[str, Tensor] = {}
        watch: dict[str, Tensor] = {}
        for side, image, translated in (("a", a, fake_a), ("b", b, fake_b)):
            critic, pool = nets.get_submodule(f"critic_{side}"), nets.get_submodule(f"pool_{side}")
            real, fake = self._both(critic, image, pool(translated, draw.uniform(len(translated), 2)))
            terms |= {f"{name}_{side}": loss for name, loss in critic_loss(self.objective, real, fake).items()}
            watch |= {f"{name}_{side}": value for name, value in mean_logits(real, fake).items()}
        yield Update("critics", terms, watch=watch)

    def _both(self, network: nn.Module, one: Tensor, other: Tensor) -> tuple[Tensor, ...]:
        """What a network makes of two kinds of images.

        A batch norm must not see them together, and learns its running statistics from the first alone: a generator is
        given only such images later.
        """
        if self.norm == "batch":
            output = network(one)
            with unremembered(network):
                return output, network(other)
        return network(torch.cat((one, other))).chunk(2)  # type: ignore[no-any-return]

    def _back(self, network: nn.Module, translated: Tensor) -> Tensor:
        """A translated image, translated back."""
        with unremembered(network):
            image: Tensor = network(translated)
        return image

    def _score(self, fake: Tensor) -> Tensor:
        # The authors' squares are whole for generators and halved for critics; ours are halved for both.
        return generator_loss(self.objective, fake) * (2 if self.objective == "least-squares" else 1)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """Both ways."""
        return {"a": "b", "b": "a"}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] in the other style; H and W are multiples of 4. There is nothing to draw.

        Raises CapabilityError where the networks hold the other way alone, as an imported generator does.
        """
        way = "a2b" if origin == "a" else "b2a"
        if not hasattr(nets, way):
            raise CapabilityError(f"this model translates in one direction only, and not from {origin}.")
        translated: Tensor = nets.get_submodule(way)(images)
        return translated


# Settings by preset, with where each comes from: github.com/junyanz/pytorch-CycleGAN-and-pix2pix, 200 epochs.
PRESETS: dict[str, dict[str, Any]] = {
    "256": {"resolution": 256, "jitter": 30, "flip": True, "batch": 1},
    "128": {"resolution": 128, "jitter": 15, "flip": True, "batch": 1, "blocks": 6},  # the paper's 6 blocks for 128
    "mri": {  # Dar et al. 2019, arXiv:1802.01221: two contrasts without pairs; github.com/icon-lab/pGAN-cGAN
        "resolution": 256,
        "cycle": 100.0,
        "identity": 0.0,
        "pool": 0,
    },
    "small": {"generator_width": 16, "critic_width": 16, "blocks": 3},  # for a processor
}

PROOF = Proof(
    claim="CycleGAN, shown two styles that never show the same scene, finds the map between them, both ways, far nearer"
    " to the hidden truth than naive maps that were shown as much.",
    data="world:styles",
    measure="translation",
    share=1 / 2,
    settings={
        "images": 14_000,
        "batch": 8,
        "blocks": 1,  # light and shadow reach a few pixels
        "generator_width": 16,
        "critic_width": 16,
        "halvings": 2,
        "norm": "batch",  # instance norm forgets how strong a colour is, which is all that small shapes show
        "lr": 1e-3,  # 1,750 steps are too few for the authors' 2e-4
    },
)
