"""Translation one way without pairs: one generator, one critic, and a constraint that keeps what is shown.

The discriminator (critic) moves first, then the generator, whose loss is its score and the terms of the constraint.
Shrivastava et al. 2017, arXiv:1612.07828, eq. 1 and 2; Park et al. 2020, arXiv:2007.15651, eq. 1 and 5.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from saddlepoint.config import Decay, Positive, Share
from saddlepoint.data.batches import UnpairedBatch
from saddlepoint.losses.adversarial import Objective, check_targets, critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Linear, Method, Moves, Networks, Optim, Update
from saddlepoint.nn.modes import unremembered


@dataclass(frozen=True, kw_only=True)
class OneWay(Method, ABC):
    """A method with networks `generator`, from kind a to kind b, and `critic`, of kind b."""

    takes = UnpairedBatch

    objective: Objective = "least-squares"
    """what the two players minimise"""
    lr: Positive = 2e-4
    """learning rate of both players (Adam)"""
    decay_after: Share = 0.5
    """share of the run after which the learning rate falls to 0 in a line; 1 for never"""
    beta1: Decay = 0.5
    """Adam's first beta, for both"""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_targets(self.objective)

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Linear(self.lr, after=self.decay_after)
        return {name: Adam(name, lr=rate, betas=(self.beta1, 0.999)) for name in ("generator", "critic")}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        image = nets.generator(batch.a)  # held across the critic's move: saves a pass through the generator
        yield self.critic_move(nets, batch, image.detach())
        yield self.generator_move(nets, batch, image, draw)

    def critic_move(self, nets: Networks, batch: UnpairedBatch, image: Tensor) -> Update:
        """The critic's update: images of b against what the generator made."""
        real, fake = nets.critic(batch.b), nets.critic(image)
        return Update("critic", critic_loss(self.objective, real, fake), watch=mean_logits(real, fake))

    def generator_move(self, nets: Networks, batch: UnpairedBatch, image: Tensor, draw: Draw) -> Update:
        """The generator's update: its score and the constraint."""
        with unremembered(nets.critic):
            fake = nets.critic(image)
            rival = nets.critic(batch.b).detach() if self.objective == "relativistic" else None
        # Where squares are halved for the critic, authors' code has them whole for the generator.
        whole = 2 if self.objective == "least-squares" else 1
        score = whole * generator_loss(self.objective, fake, rival)
        return Update("generator", {"fake": score} | dict(self.constraint(nets, batch, image, draw)))

    def constraint(self, nets: Networks, batch: UnpairedBatch, image: Tensor, draw: Draw) -> Mapping[str, Tensor]:
        """What keeps what is shown, weighted, by name.  image: [N, C, H, W], what the generator made of kind a."""
        return {}

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """One way."""
        return {"a": "b"}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] of kind a as kind b; there is nothing to draw."""
        image: Tensor = nets.get_submodule("generator")(images)
        return image.clamp(-1, 1)
