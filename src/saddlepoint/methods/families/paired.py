"""Translation that is learnt from pairs: a critic that sees what is given beside the answer, and a generator that is
told the answer too.

Isola et al. 2017, arXiv:1611.07004, eq. 1 to 4; with maps of the critic compared, Wang et al. 2018, arXiv:1711.11585,
eq. 3 to 5. First the discriminator (critic) moves, then the generator, whose loss is its score and named terms of
content.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from saddlepoint.config import Decay, Positive, Share, Weight
from saddlepoint.data.batches import PairedBatch
from saddlepoint.losses.adversarial import Objective, check_targets, critic_loss, generator_loss, mean_logits
from saddlepoint.losses.features import Scales, feature_matching
from saddlepoint.methods.base import Adam, Clock, Draw, Linear, Method, Moves, Networks, Optim, Update


@dataclass(frozen=True, kw_only=True)
class Paired(Method, ABC):
    """A method with networks `generator` and `critic` on pairs of a source and a target.

    A subclass says what differs: `imitate` (how the generator is asked), `view` (what the critic sees), and
    `content_terms` (what the generator is told beside its score). The critic returns logits, or logits for each scale,
    or for each scale its maps, the last of which are logits.
    """

    takes = PairedBatch
    over_scales: ClassVar[Literal["sum", "mean"]] = "mean"
    """how scores of several scales become one"""

    objective: Objective = "least-squares"
    """what the two players minimise"""
    adversarial: Weight = 1.0
    """weight of the critic's score beside what the generator is told"""
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

    # -- what a subclass may say --------------------------------------------------------------------------------------

    def imitate(self, nets: Networks, batch: Any, draw: Draw) -> Tensor:
        """What the generator makes of what is given, of the target's shape."""
        image: Tensor = nets.generator(batch.source)
        return image

    def view(self, nets: Networks, batch: Any, image: Tensor) -> Tensor:
        """What the critic sees of an image: the source and the image, as channels of one."""
        return torch.cat((batch.source, image), 1)

    def content_terms(self, nets: Networks, batch: Any, image: Tensor) -> Mapping[str, Tensor]:
        """What the generator is told of its image beside the score, weighted, by name."""
        return {}

    def figures(self, nets: Networks, batch: Any) -> Mapping[str, Tensor]:
        """What is watched beside, once a step: means that `after_step` is given as "generator/NAME"."""
        return {}

    def matching(self) -> float:
        """Weight of the difference of the critic's inner maps; 0 for none."""
        return 0.0

    # -- the game -----------------------------------------------------------------------------------------------------

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        image = self.imitate(nets, batch, draw)  # held across the critic's move: saves a pass through the generator
        if self.adversarial or self.matching():
            real, fake = (self.judge(nets, batch, each) for each in (batch.target, image.detach()))
            yield Update("critic", self._critic_terms(real, fake), watch=mean_logits(_flat(real), _flat(fake)))
        terms: dict[str, Tensor] = {}
        if self.adversarial or self.matching():
            rival = None
            if self.objective == "relativistic" or self.matching():
                with torch.no_grad():
                    rival = self.judge(nets, batch, batch.target)
            fake = self.judge(nets, batch, image)
            terms["fake"] = self.adversarial * self._score(fake, rival)
            if rival is not None and self.matching():
                terms["features"] = self.matching() * feature_matching(rival, fake)
        losses = terms | dict(self.content_terms(nets, batch, image))
        yield Update("generator", losses, watch=self.figures(nets, batch))

    def judge(self, nets: Networks, batch: Any, image: Tensor) -> Scales:
        """The critic's maps of an image by scale, the logits last."""
        output = nets.critic(self.view(nets, batch, image))
        if isinstance(output, Tensor):
            return ((output,),)
        return tuple((each,) if isinstance(each, Tensor) else tuple(each) for each in output)

    def _critic_terms(self, real: Scales, fake: Scales) -> dict[str, Tensor]:
        scales = [critic_loss(self.objective, one[-1], other[-1]) for one, other in zip(real, fake)]
        return {name: self._together([scale[name] for scale in scales]) for name in scales[0]}

    def _score(self, fake: Scales, real: Scales | None) -> Tensor:
        # Where squares are halved for the critic, authors' code has them whole for the generator.
        whole = 2 if self.objective == "least-squares" else 1
        rivals = [None] * len(fake) if real is None else [each[-1] for each in real]
        scores = [generator_loss(self.objective, each[-1], rival) for each, rival in zip(fake, rivals)]
        return whole * self._together(scores)

    def _together(self, scores: Sequence[Tensor]) -> Tensor:
        stacked = torch.stack(list(scores))
        return stacked.sum() if self.over_scales == "sum" else stacked.mean()

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """From source to target; the data setting `swap` says which is which."""
        return {"source": "target"}

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Sources [n, C, H, W] in [-1, 1] as targets; `seed` changes nothing."""
        image: Tensor = nets.get_submodule("generator")(images)
        return image.clamp(-1, 1)


def _flat(scales: Scales) -> Tensor:
    """All logits of all scales in one row."""
    return torch.cat([maps[-1].flatten() for maps in scales])
