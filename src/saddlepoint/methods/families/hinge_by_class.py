"""The game of SAGAN and BigGAN: hinge losses, both players told the class, and several critic updates a step."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.config import Count, Decay, Positive
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Clock, Draw, Moves, Networks, Update
from saddlepoint.methods.families.conditional import Conditional


@dataclass(frozen=True, kw_only=True)
class HingeByClass(Conditional, ABC):
    """A method with networks `generator` of (latents, labels) and `critic` of (images, labels)."""

    batch_statistics = True

    critic_steps: Count = 1
    """discriminator (critic) updates for each generator update, each on new images and new noise"""
    generator_lr: Positive = 1e-4
    """learning rate of the generator (Adam)"""
    critic_lr: Positive = 4e-4
    """learning rate of the critic (Adam)"""
    beta1: Decay = 0.0
    """Adam's first beta, for both"""

    def rates(self) -> dict[str, float]:
        """The learning rate of each player."""
        return {"critic": self.critic_lr, "generator": self.generator_lr}

    def generator_terms(self, nets: Networks) -> Mapping[str, Tensor]:
        """What the generator minimises beside the verdict."""
        return {}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        for _ in range(self.critic_steps):
            batch = draw()
            with torch.no_grad():
                fakes = nets.generator(self.draw_latents(draw, len(batch)), batch.label)
            real, fake = nets.critic(batch.image, batch.label), nets.critic(fakes, batch.label)
            yield Update("critic", critic_loss("hinge", real, fake), watch=mean_logits(real, fake))
        fakes = nets.generator(self.draw_latents(draw, len(batch)), batch.label)
        score = generator_loss("hinge", nets.critic(fakes, batch.label))
        yield Update("generator", {"fake": score, **self.generator_terms(nets)})
