"""pGAN: a contrast of an image from others of the same section, learnt from pairs. Dar et al. 2019, arXiv:1802.01221,
eq. 3 to 7; with streams as in mustGAN, Yurt et al. 2021, arXiv:1909.11504.

Paper       here
x           source: contrasts, or a slice with its neighbours, as channels of one image
y           target
G           `generator`; `streams` reads each contrast by itself too, and joins them after `before` blocks
D           `critic`, which sees source and target together
lambda      `l1`
lambda_perc `features`: the critic's maps stand in for those of a VGG network, which does not come with this library

What depth the streams are best joined at is searched by its authors, and not published as one number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from torch import Tensor
from torch.nn import functional as F

from saddlepoint.config import Count, Layers, LayersOrNone, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Networks, Proof
from saddlepoint.methods.families.paired import Paired
from saddlepoint.methods.families.restorer import same_size
from saddlepoint.nn.backbones.feature_critic import FeatureCritic, feature_critic_sizes
from saddlepoint.nn.backbones.streams import StreamsTranslator
from saddlepoint.nn.layers.norm import Norm


@final
@dataclass(frozen=True, kw_only=True)
class PGANMRI(Paired):
    """Synthesis of a missing contrast or sensor: T2 from T1 and proton density, one band of a satellite from others."""

    batch_statistics = True  # with batch norm
    defaults = {"batch": 1}  # as in the paper

    blocks: Layers = 9
    """residual blocks of the generator"""
    streams: Count = 1
    """contrasts that are read each by itself beside all together, of equally many channels of the source; 1 for all
    together alone"""
    before: LayersOrNone = 3
    """residual blocks before the streams are joined"""
    generator_width: Width = 64
    """the generator's channels at the full side"""
    norm: Norm = "instance"
    """norm between the generator's layers"""
    critic_width: Width = 64
    """the discriminator's (critic's) channels in the first layer; they double with each, to at most 8 times"""
    halvings: Layers = 3
    """layers of the critic that halve"""
    l1: Weight = 100.0
    """weight of the mean absolute difference to the target"""
    features: Weight = 10.0
    """weight of the mean absolute difference of the critic's inner maps to those of the target; 0 for none"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.before > self.blocks:
            raise ConfigError(
                f"streams are joined after {self.before} of {self.blocks} blocks: use a smaller --before."
            )

    def networks(self, data: DataSpec) -> Networks:
        source, target = data.image("source"), data.image("target")
        same_size(source, target, "pgan_mri")
        if source.channels % self.streams:
            raise ConfigError(
                f"{source.channels} channels do not make {self.streams} contrasts of equally many; use --streams 1, or"
                " a number that divides them."
            )
        (StreamsTranslator.sizes & feature_critic_sizes(1)).check(target.height, target.width)
        depth = (self.blocks, self.streams, self.before, self.norm)
        return Networks(
            generator=StreamsTranslator(source.channels, target.channels, self.generator_width, *depth),
            critic=FeatureCritic(source.channels + target.channels, self.critic_width, self.halvings, 1),
        )

    def matching(self) -> float:
        """See `features`."""
        return self.features

    def content_terms(self, nets: Networks, batch: Any, image: Tensor) -> Mapping[str, Tensor]:
        """The distance to the target."""
        return {"l1": self.l1 * F.l1_loss(image, batch.target)}


# Settings by preset, with where each comes from: github.com/icon-lab/pGAN-cGAN, 50 + 50 epochs.
PRESETS: dict[str, dict[str, Any]] = {
    "authors": {"resolution": 256, "batch": 1},  # values from 0 to 1 by subject; three neighbouring slices in
    "must": {"resolution": 256, "batch": 1, "streams": 3},
    "small": {"generator_width": 16, "critic_width": 16, "blocks": 3, "before": 1},  # for a processor
}

PROOF = Proof(
    claim="pGAN makes a contrast from three others in which tissues share their shades, far nearer to the truth than"
    " the best map of single pixels, since it sees the form.",
    data="world:contrasts",
    measure="translation",
    share=2 / 3,  # as first set: .74 after 8,000 images; .6, .55 and .53 after 20,000
    settings={
        "resolution": 16,
        "images": 20_000,
        "batch": 16,
        "blocks": 1,
        "before": 0,
        "generator_width": 12,
        "critic_width": 12,
        "halvings": 2,
        "norm": "batch",
        "lr": 2e-3,
    },
)
