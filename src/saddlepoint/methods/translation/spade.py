"""SPADE (GauGAN): photographs from layouts, whose classes each norm is told again. Park et al. 2019, arXiv:1903.07291.

Paper       here
m           source: a label map, one map for each of its `classes`, with the edges between regions
G, D        `generator`, `critic`; hinge loss, and the critic's maps compared as in pix2pixHD
E           `encoder`: where `style` is more than 0, the style of an image; it is drawn from N(0, 1) or taken from a
            reference image afterwards
L_KLD       `divergence`: weight of the encoder's divergence from N(0, 1), a sum over the style's numbers

The perceptual loss, whose network does not come with this library, is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Decay, Layers, Natural, Positive, Range, Weight, Width
from saddlepoint.data.batches import Batch, DataSpec
from saddlepoint.errors import CapabilityError
from saddlepoint.keyed import normal_rows
from saddlepoint.losses.adversarial import Objective
from saddlepoint.methods.base import Adam, Draw, Linear, Networks, Optim, Proof
from saddlepoint.methods.families.paired import Paired
from saddlepoint.methods.families.restorer import same_size
from saddlepoint.nn.backbones.feature_critic import FeatureCritic, feature_critic_sizes
from saddlepoint.nn.backbones.layout_generator import LayoutGenerator, LayoutStyleEncoder, layout_sizes
from saddlepoint.nn.layers.layout import Layout
from saddlepoint.nn.layers.norm import Norm

_LOOK = 256  # label maps that the colours of classes are learnt from


@final
@dataclass(frozen=True, kw_only=True)
class SPADE(Paired):
    """Photographs from drawn layouts: each region becomes what its class looks like."""

    batch_statistics = True
    defaults = {"batch": 32}  # as in the paper

    classes: Natural = 0
    """colours of the sources that stand for a class each, the most frequent ones: both players get a map for each
    class; 0 gives them the colours as they are"""
    edges: bool = False
    """give both players a map of the edges between regions of different colour, which in the paper are instances"""
    style: Natural = 0
    """length of a style that is drawn or taken from a reference image, 256 in the paper; 0 for none"""
    divergence: Weight = 0.05
    """weight of the style's divergence from N(0, 1)"""
    width: Width = 64
    """the generator's channels at the full side; up to 16 times as many at the smallest"""
    doublings: Annotated[int, Range(least=2, most=10)] = 5
    """how often the generator doubles the side"""
    hidden: Width = 128
    """maps between the layout and each norm's gains and shifts"""
    norm: Norm = "batch"
    """the norm that the layout follows: batch as in the paper, or instance, which sees each image alone"""
    critic_width: Width = 64
    """the discriminators' (critics') channels in the first layer; they double with each, to at most 8 times"""
    critic_layers: Layers = 3
    """layers of the critics that halve"""
    scales: Layers = 2
    """sizes of the image that are judged, each half of the one before, by a critic of its own"""
    features: Weight = 10.0
    """weight of the mean absolute difference of the critics' inner maps to those of the target"""
    objective: Objective = "hinge"
    """what the two players minimise"""
    lr: Positive = 1e-4
    """the generator's learning rate (Adam)"""
    critic_lr: Positive = 4e-4
    """the critics'"""
    beta1: Decay = 0.0
    """Adam's first beta, for both"""

    def networks(self, data: DataSpec) -> Networks:
        source, target = data.image("source"), data.image("target")
        same_size(source, target, "spade")
        sizes = layout_sizes(self.doublings) & feature_critic_sizes(self.scales)
        sizes.check(target.height, target.width, instead=", or fewer --doublings")
        layout = Layout(source.channels, self.classes, self.edges)
        shape = (layout.width, target.channels, self.width, self.doublings, self.style, self.hidden, self.norm)
        inputs = layout.width + target.channels
        critic = FeatureCritic(inputs, self.critic_width, self.critic_layers, self.scales, "spectral", weights="glorot")
        nets: dict[str, nn.Module] = {"layout": layout, "generator": LayoutGenerator(*shape)}
        if self.style:
            side = min(target.height, target.width)
            nets["encoder"] = LayoutStyleEncoder(target.channels, self.width, side, self.style)
        return Networks(**nets, critic=critic)

    def optimisers(self) -> Mapping[str, Optim]:
        rates = {"generator": self.lr, "critic": self.critic_lr}
        groups = {"generator": ("generator", *(["encoder"] if self.style else [])), "critic": ("critic",)}
        return {
            name: Adam(*nets, lr=Linear(rates[name], after=self.decay_after), betas=(self.beta1, 0.9))
            for name, nets in groups.items()
        }

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        """Learn which colours stand for classes."""
        nets.layout.learn(look(_LOOK).tensors()["source"])

    def imitate(self, nets: Networks, batch: Any, draw: Draw) -> Tensor:
        """What the generator makes of the layout, in the target's own style where styles are learnt."""
        style = None
        if self.style:
            mean, log_variance = nets.encoder(batch.target)
            style = mean + (log_variance / 2).exp() * draw.noise(len(mean), self.style)
        image: Tensor = nets.generator(nets.layout(batch.source), style)
        return image

    def view(self, nets: Networks, batch: Any, image: Tensor) -> Tensor:
        """Layout and image together."""
        return torch.cat((nets.layout(batch.source), image), 1)

    def matching(self) -> float:
        """See `features`."""
        return self.features

    def content_terms(self, nets: Networks, batch: Any, image: Tensor) -> Mapping[str, Tensor]:
        """The divergence of styles."""
        if not self.style:
            return {}
        mean, log_variance = nets.encoder(batch.target)
        terms = 0.5 * (log_variance.exp() + mean.square() - 1 - log_variance)
        return {"divergence": self.divergence * terms.sum(1).mean()}

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Layouts [n, C, H, W] in [-1, 1] as photographs, all in the style that `seed` draws."""
        style = normal_rows(1, self.style, seed).to(images.device).expand(len(images), -1) if self.style else None
        image: Tensor = nets.get_submodule("generator")(nets.get_submodule("layout")(images), style)
        return image

    def translate_like(self, nets: nn.Module, images: Tensor, reference: Tensor, origin: str) -> Tensor:
        """Layouts [n, C, H, W] in [-1, 1] as photographs, each in the style of its reference [n, C, h, w].

        Raises CapabilityError where the model was trained without styles.
        """
        if not self.style:
            raise CapabilityError("this model was trained without styles: train one with --style 256 for references.")
        style, _ = nets.get_submodule("encoder")(reference)
        image: Tensor = nets.get_submodule("generator")(nets.get_submodule("layout")(images), style)
        return image


# Settings by preset, with where each comes from: github.com/NVlabs/SPADE, options; 50 epochs and 50 of falling rates.
PRESETS: dict[str, dict[str, Any]] = {
    "coco": {"resolution": 256, "jitter": 30, "flip": True, "classes": 182, "edges": True},
    "gaugan": {"resolution": 256, "jitter": 30, "flip": True, "classes": 182, "edges": True, "style": 256},
    "small": {"width": 8, "hidden": 32, "critic_width": 16, "doublings": 3, "batch": 8},  # for a processor
}

PROOF = Proof(
    claim="SPADE learns from pairs to light and colour what it is given as a layout, nearer to the truth than the"
    " best of three naive maps.",
    data="world:labels",
    measure="layouts",
    share=3 / 4,
    settings={
        "resolution": 16,
        "images": 8_000,
        "batch": 16,
        "classes": 7,
        "width": 8,
        "doublings": 2,
        "hidden": 16,
        "norm": "instance",
        "critic_width": 12,
        "critic_layers": 2,
        "lr": 1e-3,
        "critic_lr": 1e-3,
        "beta1": 0.5,
    },
)
