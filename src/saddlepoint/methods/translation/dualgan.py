"""DualGAN: two translators that close the loop, with critics that measure a distance. Yi et al. 2017,
arXiv:1704.02510, eq. 1 to 3 and algorithm 1.

Paper               here
G_A, G_B            `a2b`, `b2a`, U-Nets
D_A, D_B            `critic_b`, `critic_a`: each judges what its generator makes
lambda_U, lambda_V  `cycle`, for both
z, z'               dropout alone, in training
c                   `bound`

The paper clips the critics' weights; the authors' code penalises their slope by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Count, LayersOrNone, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import Objective
from saddlepoint.losses.penalties import gradient_penalty
from saddlepoint.methods.base import Clock, Draw, Linear, Moves, Networks, Optim, Proof, RMSProp, Update
from saddlepoint.methods.families.two_way import OTHER, TwoWay
from saddlepoint.nn.backbones.patchgan import PatchCritic, patch_sizes
from saddlepoint.nn.backbones.unet import UNet, unet_sizes


@final
@dataclass(frozen=True, kw_only=True)
class DualGAN(TwoWay):
    """Translation both ways between two sets of images, by critics whose outputs have no bounds."""

    batch_statistics = True
    defaults = {"batch": 1}  # as in the authors' code

    objective: Objective = "wasserstein"
    """what players and critics minimise"""
    keep_flat: Literal["clip", "penalty"] = "clip"
    """what keeps the critics from growing steep: weights between minus and plus `bound` as in the paper, or a penalty
    of slopes other than 1 between real and generated images, as in the authors' code"""
    bound: Positive = 0.01
    """where weights are clipped"""
    penalty: Weight = 10.0
    """weight of the penalty"""
    critic_steps: Count = 1
    """updates of the critics for each of the generators; 2 to 4 in the paper"""
    cycle: Weight = 500.0
    """weight of the mean absolute difference after there and back: 100 to 1,000 in the paper"""
    depth: LayersOrNone = 0
    """halvings of the side in the U-Nets; 0 for as many as lead to one pixel, 8 for 256"""
    generator_width: Width = 64
    """the generators' channels at half the side; they double with each halving, to at most 8 times"""
    critic_width: Width = 64
    """the discriminators' (critics') channels in the first layer, likewise"""
    halvings: LayersOrNone = 3
    """layers of the critics that halve"""
    lr: Positive = 5e-5
    """learning rate of all (RMSProp)"""
    decay_after: Share = 1.0
    """share of the run after which the learning rate falls to 0 in a line; 1 for never"""

    def networks(self, data: DataSpec) -> Networks:
        side = data.size[0] | data.size[1]
        most = (side & -side).bit_length() - 1  # how often both sides can be halved
        depth = self.depth or most
        if not 2 <= depth <= most:
            whole = unet_sizes(max(depth, 2)) & patch_sizes(self.halvings)
            raise ConfigError(
                f"the U-Nets would halve the sides {depth} times, which sides of {data.size[1]}x{data.size[0]} do not"
                f" allow: use --resolution {whole.near(min(data.size))}."
            )
        patch_sizes(self.halvings).check(*data.size, instead=", or fewer --halvings")
        critics = {f"critic_{kind}": self._critic(data) for kind in OTHER}
        shape = (data.channels, depth, self.generator_width)
        return Networks(a2b=UNet(*shape, own_statistics=False), b2a=UNet(*shape, own_statistics=False), **critics)

    def _critic(self, data: DataSpec) -> PatchCritic:
        # A norm across the batch would leave the slope of one image without a meaning.
        critic = PatchCritic(data.channels, self.critic_width, self.halvings, "instance")
        if self.objective == "wasserstein":
            critic.layers[-1].register_parameter("bias", None)  # would do nothing: outputs are only compared
        return critic

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Linear(self.lr, after=self.decay_after)
        groups = {"generators": ("a2b", "b2a"), "critics": ("critic_a", "critic_b")}
        return {name: RMSProp(*nets, lr=rate, alpha=0.9) for name, nets in groups.items()}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        for _ in range(self.critic_steps):
            image = self.images(draw)
            with torch.no_grad():
                fake = {other: self.across(nets, image[kind], kind) for kind, other in OTHER.items()}
            update = self.critics_move(nets, image, fake)
            if self.keep_flat == "penalty":
                terms = {f"penalty_{kind}": self._steepness(nets, kind, image, fake, draw) for kind in OTHER}
                yield Update("critics", {**update.losses, **terms}, watch=update.watch)
                continue
            yield update
            with torch.no_grad():
                for kind in OTHER:
                    for weight in nets.get_submodule(f"critic_{kind}").parameters():
                        weight.clamp_(-self.bound, self.bound)
        fake = {other: self.across(nets, image[kind], kind) for kind, other in OTHER.items()}
        yield self.generators_move(nets, image, fake, clock)

    def _steepness(
        self, nets: Networks, kind: str, image: Mapping[str, Tensor], fake: Mapping[str, Tensor], draw: Draw
    ) -> Tensor:
        critic: nn.Module = nets.get_submodule(f"critic_{kind}")
        return self.penalty * gradient_penalty(
            lambda images: critic(images).mean((1, 2, 3)), image[kind], fake[kind], draw.uniform(len(image[kind]))
        )


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "authors": {"resolution": 256, "keep_flat": "penalty"},  # github.com/duxingren14/DualGAN, main.py
    "small": {"generator_width": 16, "critic_width": 16},  # for a processor
}

PROOF = Proof(
    claim="DualGAN, shown two styles that never show the same scene, finds the map between them, both ways, nearer to"
    " the hidden truth than naive maps that were shown as much.",
    data="world:styles",
    measure="crossing",
    share=3 / 4,
    settings={
        "resolution": 16,
        "images": 40_000,
        "batch": 16,
        "keep_flat": "penalty",
        "cycle": 20.0,
        "depth": 2,
        "generator_width": 16,
        "critic_width": 16,
        "halvings": 1,
        "lr": 5e-4,
    },
)
