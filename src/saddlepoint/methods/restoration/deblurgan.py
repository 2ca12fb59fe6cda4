"""DeblurGAN: a shaken photograph made sharp by what a generator finds to add, against a critic of patches. Kupyn et al.
2018, arXiv:1711.07064.

Paper      here
I_B, I_S   source, target
L_GAN      the critic's mean score (WGAN-GP), `critic_steps` of 5
L_X        `content`: features of a VGG network in the paper, whose weights do not come with this library; here the mean
           absolute difference of images and of the critic's inner maps; lambda is 100
The generator learns a residual: what it finds is added to what is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Layers, LayersOrNone, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec, PairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.losses.penalties import gradient_penalty
from saddlepoint.methods.base import Adam, Clock, Draw, Linear, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.restorer import same_size
from saddlepoint.nn.backbones.deblurgan import DeblurGenerator
from saddlepoint.nn.backbones.patchgan import PatchCritic, fewer_halvings, patch_sizes


@final
@dataclass(frozen=True, kw_only=True)
class DeblurGAN(Method):
    """Deblurring from pairs of blurred and sharp images, such as `--data blur9:FOLDER`."""

    takes = PairedBatch
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 1}  # as in the paper

    width: Width = 64
    """the generator's channels at full size; 4 times as many where its blocks are"""
    blocks: Layers = 9
    """the generator's residual blocks"""
    critic_width: Width = 64
    """the discriminator's (critic's) channels in its first layer"""
    halvings: LayersOrNone = 3
    """layers of the critic that halve: 3 make it judge patches of 70 pixels"""
    critic_steps: Count = 5
    """critic updates for each of the generator's"""
    penalty: Weight = 10.0
    """weight of the gradient penalty"""
    content: Weight = 100.0
    """weight of the mean absolute difference to the true image"""
    maps: Weight = 0.0
    """weight of the difference of the critic's answers to both, patch by patch"""
    lr: Positive = 1e-4
    """learning rate of both players (Adam)"""
    decay_after: Share = 0.5
    """share of the run after which the learning rate falls to 0 in a line"""

    def networks(self, data: DataSpec) -> Networks:
        source, target = data.image("source"), data.image("target")
        same_size(source, target, "deblurgan")
        if source.channels != target.channels:
            raise ConfigError("deblurgan adds to an image: what is given and what it should be need the same channels.")
        sizes = DeblurGenerator.sizes & patch_sizes(self.halvings)
        sizes.check(*data.size, instead=fewer_halvings(self.halvings, data.size))
        critic = PatchCritic(source.channels, self.critic_width, self.halvings, "instance")
        critic.layers[-1].register_parameter("bias", None)  # scores are compared: an offset of all has no meaning
        return Networks(generator=DeblurGenerator(source.channels, self.width, self.blocks), critic=critic)

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Linear(self.lr, after=self.decay_after)
        return {name: Adam(name, lr=rate, betas=(0.5, 0.999)) for name in ("generator", "critic")}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        for _ in range(self.critic_steps):
            pair = draw()
            with torch.no_grad():
                restored = nets.generator(pair.source)
            real, fake = nets.critic(pair.target), nets.critic(restored)

            def verdict(images: Tensor) -> Tensor:
                return torch.as_tensor(nets.critic(images).mean((1, 2, 3)))

            slope = gradient_penalty(verdict, pair.target, restored, draw.uniform(len(restored)))
            losses = critic_loss("wasserstein", real, fake)
            yield Update("critic", {**losses, "penalty": self.penalty * slope}, watch=mean_logits(real, fake))
        restored = nets.generator(pair.source)
        score = nets.critic(restored)
        terms = {
            "fake": generator_loss("wasserstein", score),
            "content": self.content * F.l1_loss(restored, pair.target),
        }
        if self.maps:
            with torch.no_grad():
                aim = nets.critic(pair.target)
            terms["maps"] = self.maps * F.l1_loss(score, aim)
        yield Update("generator", terms)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """From blurred to sharp."""
        return {"source": "target"}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Blurred images [n, C, H, W] in [-1, 1], sides that 4 divides, made sharp; `seed` changes nothing."""
        restored: Tensor = nets.get_submodule("generator")(images)
        return restored


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"resolution": 256, "examples": 600_000},  # section 5.2: random crops of 256, batch of 1, 300 epochs
    "small": {"width": 12, "blocks": 3, "critic_width": 12, "batch": 4},  # for a processor
}

PROOF = Proof(
    claim="DeblurGAN makes images sharp that a shaking camera smeared, nearer to the true ones than the best classical"
    " filter.",
    data="blur9:world:shapes",
    measure="restored",
    share=0.9,
    settings={
        "examples": 16_000,
        "batch": 16,
        "width": 8,
        "blocks": 3,
        "critic_width": 8,
        "halvings": 1,
        "critic_steps": 1,
        "lr": 1e-3,
    },
)
