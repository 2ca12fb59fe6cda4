"""What may be added to a game of generator and critic to keep it steady; all of it is off unless asked for.

consistency                  Zhang et al. 2020, arXiv:1910.12027; balanced, Zhao et al. 2020, arXiv:2002.04724
orthogonal regularisation    Brock et al. 2019, arXiv:1809.11096, eq. 3
instance noise               Sønderby et al. 2017, arXiv:1610.04490, section 3
experience replay            Shrivastava et al. 2017, arXiv:1612.07828, section 2.3: half of the fakes are older ones
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from saddlepoint.config import Natural, Weight
from saddlepoint.data.batches import DataSpec
from saddlepoint.losses.consistency import consistency
from saddlepoint.losses.orthogonal import orthogonality
from saddlepoint.methods.base import Clock, Draw, Linear, Method, Networks
from saddlepoint.nn.layers.augment.shift import shifted
from saddlepoint.nn.layers.image_pool import ImagePool


@dataclass(frozen=True, kw_only=True)
class Stabilised(Method, ABC):
    """A method whose networks are `generator`, `critic` and what `memory` gives.

    Where a setting is off, nothing is drawn for it, computed or saved.
    """

    consistency_real: Weight = 0.0
    """weight of the squared difference that a shift and a mirroring of real images makes to the output of the
    discriminator (critic): 10 in the paper; 0 for none"""
    consistency_fake: Weight = 0.0
    """the same for generated images: 10 beside 10 in balanced consistency"""
    consistency_mirror: bool = True
    """mirror for consistency; not where left and right have a meaning, as in digits and letters"""
    orthogonal: Weight = 0.0
    """weight of the generator's orthogonal regularisation: 1e-4 in the paper; 0 for none"""
    instance_noise: Weight = 0.0
    """deviation, at the start, of noise on all images that the critic sees (.1, say); it falls in a line to 0 at the
    end of the run"""
    replay: Natural = 0
    """how many older fakes are kept, to be shown to the critic in the place of half of the new ones; 0 for none"""

    def memory(self, data: DataSpec) -> dict[str, nn.Module]:
        """The pool of older fakes, to stand beside the networks; nothing without `replay`."""
        return {"pool": ImagePool(self.replay, data.shape)} if self.replay else {}

    def replayed(self, nets: Networks, draw: Draw, fakes: Tensor) -> Tensor:
        """What the critic is shown as fakes, without gradients: new ones, and where `replay` says so older ones."""
        if not self.replay:
            return fakes.detach()
        images: Tensor = nets.pool(fakes, draw.uniform(len(fakes), 2))
        return images

    def noisy(self, draw: Draw, clock: Clock, images: Tensor) -> Tensor:
        """Images [N, ...] as the critic sees them at this time."""
        deviation = Linear(self.instance_noise)(clock)
        return images + deviation * draw.noise(*images.shape) if deviation else images

    def inconsistency(
        self, nets: Networks, draw: Draw, images: Mapping[str, Tensor], logits: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """The critic's further terms, for as many of "real" and "fake" as have a weight.

        images: [N, C, S, S] as the critic saw them. logits: its outputs for them.
        """
        terms = {}
        for name, weight in (("real", self.consistency_real), ("fake", self.consistency_fake)):
            if weight:
                augmented = shifted(images[name], draw.uniform(len(images[name]), 3), mirror=self.consistency_mirror)
                terms[f"consistency_{name}"] = weight * consistency(logits[name], nets.critic(augmented))
        return terms

    def regularity(self, nets: Networks) -> dict[str, Tensor]:
        """The generator's further term, if it has one."""
        return {"orthogonal": self.orthogonal * orthogonality(nets.generator)} if self.orthogonal else {}
