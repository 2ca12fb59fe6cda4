"""Translation both ways without pairs: two generators, two critics, and there and back as the constraint.

Zhu et al. 2017, arXiv:1703.10593, eq. 1 to 3. The generators move first, then the discriminators (critics), which see
what was made before that move.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Decay, Positive, Share, Weight
from saddlepoint.data.batches import UnpairedBatch
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import Objective, check_targets, critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Linear, Method, Moves, Networks, Optim, Update
from saddlepoint.nn.modes import unremembered

Images = Mapping[str, Tensor]
"""images [N, C, H, W] in [-1, 1] of the kinds a and b"""
OTHER = {"a": "b", "b": "a"}


@dataclass(frozen=True, kw_only=True)
class TwoWay(Method, ABC):
    """A method with networks `a2b`, `b2a`, `critic_a` and `critic_b`."""

    takes = UnpairedBatch
    compiles = ("a2b", "b2a")

    objective: Objective = "least-squares"
    """what players and critics minimise"""
    cycle: Weight = 10.0
    """weight of the mean absolute difference after there and back"""
    identity: Weight = 0.0
    """weight of the mean absolute change of an image that is of the wanted kind already; 0 for none"""
    lr: Positive = 2e-4
    """learning rate of all"""
    decay_after: Share = 0.5
    """share of the run after which the learning rate falls to 0 in a line; 1 for never"""
    beta1: Decay = 0.5
    """Adam's first beta, for all"""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_targets(self.objective)
        if self.objective == "relativistic":
            raise ConfigError("images of two kinds do not come in pairs; use an objective other than relativistic.")

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Linear(self.lr, after=self.decay_after)
        groups = {"generators": ("a2b", "b2a"), "critics": ("critic_a", "critic_b")}
        return {name: Adam(*nets, lr=rate, betas=(self.beta1, 0.999)) for name, nets in groups.items()}

    # -- what a subclass may say --------------------------------------------------------------------------------------

    def across(self, nets: nn.Module, images: Tensor, origin: str) -> Tensor:
        """Images of the kind `origin` as the other kind."""
        translated: Tensor = nets.get_submodule("a2b" if origin == "a" else "b2a")(images)
        return translated

    def content_terms(self, nets: Networks, image: Images, fake: Images, clock: Clock) -> Mapping[str, Tensor]:
        """What the generators are told beside their scores, weighted, by name.

        fake: what became of images, by the kind that they are now.
        """
        terms: dict[str, Tensor] = {}
        for kind, other in OTHER.items():
            if self.cycle:
                terms[f"cycle_{kind}"] = self.cycle * F.l1_loss(self.back(nets, fake[other], other), image[kind])
            if self.identity:
                terms[f"identity_{kind}"] = self.identity * F.l1_loss(self.back(nets, image[kind], other), image[kind])
        return terms

    # -- the game -----------------------------------------------------------------------------------------------------

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        image = self.images(draw)
        fake = {other: self.across(nets, image[kind], kind) for kind, other in OTHER.items()}
        yield self.generators_move(nets, image, fake, clock)
        yield self.critics_move(nets, image, {kind: one.detach() for kind, one in fake.items()})

    def images(self, draw: Draw) -> dict[str, Tensor]:
        """The next images of both kinds."""
        batch = draw()
        return {"a": batch.a, "b": batch.b}

    def generators_move(self, nets: Networks, image: Images, fake: Images, clock: Clock) -> Update:
        """The generators' update: their scores and what they are told."""
        # Where squares are halved for critics, authors' code has them whole for generators.
        whole = 2 if self.objective == "least-squares" else 1
        losses = {
            f"fake_{kind}": whole * generator_loss(self.objective, nets.get_submodule(f"critic_{kind}")(fake[kind]))
            for kind in image
        }
        return Update("generators", losses | dict(self.content_terms(nets, image, fake, clock)))

    def critics_move(self, nets: Networks, image: Images, fake: Images) -> Update:
        """The critics' update: each kind's images against what became of the other's."""
        terms: dict[str, Tensor] = {}
        watch: dict[str, Tensor] = {}
        for kind in image:
            critic = nets.get_submodule(f"critic_{kind}")
            pair = critic(image[kind]), critic(fake[kind])
            terms |= {f"{name}_{kind}": loss for name, loss in critic_loss(self.objective, *pair).items()}
            watch |= {f"{name}_{kind}": value for name, value in mean_logits(*pair).items()}
        return Update("critics", terms, watch=watch)

    def back(self, nets: Networks, images: Tensor, origin: str) -> Tensor:
        """`across`, for images that the network will not be given later."""
        with unremembered(nets):
            return self.across(nets, images, origin)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """Both ways."""
        return OTHER

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] as the other kind; there is nothing to draw."""
        return self.across(nets, images, origin)
