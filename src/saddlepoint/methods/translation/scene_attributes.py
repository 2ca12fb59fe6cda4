"""Scenes from a layout and attributes: a street at night, in snow. Karacan et al. 2020, arXiv:1808.07413, eq. 1 to 5.

Paper      here
S          source: a layout, one map for each of its `classes`
a          attributes, which hold or do not
z          `noise` numbers for each class, the same all over its regions
G          `generator`, SGN: attributes enter at each residual block
D          `critic`, at several scales; sees image, layout and attributes
E, F, ...  the transfer of what is made onto a given photograph: `style_transfer` does that

The critic learns from right layouts and attributes, and, each with a quarter of the weight, from wrong ones beside real
images. The paper's perceptual loss compares a network of scenes, which does not come with this library; `l1` stands in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Decay, Layers, Natural, Positive, Share, Weight, Width
from saddlepoint.data.batches import Batch, DataSpec, SceneBatch
from saddlepoint.errors import CapabilityError
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.attributes import Attributes
from saddlepoint.kinds.kind import Kind
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Clock, Draw, Linear, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.restorer import same_size
from saddlepoint.nn.backbones.scene_generator import SceneCritic, SceneGenerator, scene_sizes
from saddlepoint.nn.layers.layout import Layout

_LOOK = 256  # layouts that the colours of classes are learnt from


@final
@dataclass(frozen=True, kw_only=True)
class SceneAttributes(Method):
    """Scenes that are made from a layout, under a light, weather and season that are asked for."""

    takes = SceneBatch
    defaults = {"batch": 4}

    classes: Natural = 0
    """colours of the layouts that stand for a class each, the most frequent ones; 0 takes the colours as they are"""
    noise: Width = 100
    """random numbers for each class, or for the whole scene without classes"""
    width: Width = 64
    """the generator's channels at the full side; they double with each of three halvings"""
    blocks: Layers = 5
    """residual blocks of the generator"""
    critic_width: Width = 48
    """the discriminators' (critics') channels in the first layer of both streams"""
    scales: Layers = 3
    """sizes of the image that are judged, each half of the one before"""
    l1: Weight = 10.0
    """weight of the mean absolute difference to the target"""
    lr: Positive = 2e-4
    """learning rate of both players (Adam)"""
    decay_after: Share = 1.0
    """share of the run after which the learning rate falls to 0 in a line; 1 for never"""
    beta1: Decay = 0.5
    """Adam's first beta, for both"""

    def networks(self, data: DataSpec) -> Networks:
        source, target = data.image("source"), data.image("target")
        same_size(source, target, "scene_attributes")
        scene_sizes(self.scales).check(target.height, target.width)
        layout = Layout(source.channels, self.classes, edges=False)
        kind = data.fields.get("attributes")
        names = kind.names if isinstance(kind, Attributes) else data.attributes
        count, segments = len(names), max(self.classes, 1)
        generator = SceneGenerator(layout.width + self.noise, target.channels, count, self.width, self.blocks, segments)
        generator.names, generator.form = names, source
        return Networks(
            layout=layout,
            generator=generator,
            critic=SceneCritic(target.channels, layout.width + count, self.critic_width, self.scales),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        rate = Linear(self.lr, after=self.decay_after)
        return {name: Adam(name, lr=rate, betas=(self.beta1, 0.999)) for name in ("generator", "critic")}

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        """Learn which colours stand for classes."""
        nets.layout.learn(look(_LOOK).tensors()["source"])

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch, other = draw(), draw()
        layout, wrong = nets.layout(batch.source), nets.layout(other.source)
        latents = draw.noise(len(layout), max(self.classes, 1) * self.noise)
        image = nets.generator(self._input(layout, latents), batch.attributes)
        real = nets.critic(batch.target, layout, batch.attributes)
        fake = nets.critic(image.detach(), layout, batch.attributes)
        mixed = [
            nets.critic(batch.target, wrong, batch.attributes),
            nets.critic(batch.target, layout, other.attributes),
        ]
        right = torch.stack([critic_loss("least-squares", *pair)["real"] for pair in zip(real, fake)]).mean()
        losses = {"real": right, "fake": _as_fake(fake) / 2}
        losses |= {f"wrong_{name}": _as_fake(each) / 4 for name, each in zip(("layout", "attributes"), mixed)}
        flat = [torch.cat([each.flatten() for each in scales]) for scales in (real, fake)]
        yield Update("critic", losses, watch=mean_logits(*flat))
        fooled = nets.critic(image, layout, batch.attributes)
        score = 2 * torch.stack([generator_loss("least-squares", each) for each in fooled]).mean()
        yield Update("generator", {"fake": score, "l1": self.l1 * F.l1_loss(image, batch.target)})

    def _input(self, layout: Tensor, latents: Tensor) -> Tensor:
        """The layout, and noise that is the same all over the regions of a class.  [N, width + noise, H, W]"""
        numbers = latents.unflatten(1, (-1, self.noise))
        if self.classes:
            noise = torch.einsum("nkhw,nkz->nzhw", layout[:, : self.classes], numbers)
        else:
            noise = numbers[:, 0, :, None, None].expand(-1, -1, *layout.shape[2:])
        return torch.cat((layout, noise), 1)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """A layout, and which attributes hold."""
        generator: Any = nets.get_submodule("generator")
        return {"source": generator.form, "attributes": Attributes(generator.names)}

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, classes noise] float32 on the CPU; latent i depends on (seed, i) alone."""
        return normal_rows(n, max(self.classes, 1) * self.noise, seed, first=first)

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Scenes [n, C, H, W] in [-1, 1]. Raises CapabilityError without a layout and attributes."""
        if not {"source", "attributes"} <= how.given.keys():
            raise CapabilityError("this model makes scenes from a layout: give source and attributes.")
        layout = nets.get_submodule("layout")(how.given["source"])
        generator = nets.get_submodule("generator")
        image: Tensor = generator(self._input(layout, latents), how.given["attributes"])
        return image


def _as_fake(scales: tuple[Tensor, ...]) -> Tensor:
    return torch.stack([critic_loss("least-squares", each, each)["fake"] for each in scales]).mean()


# Settings by preset, with where each comes from: github.com/hucvl/attribute_hallucination, 100 epochs.
PRESETS: dict[str, dict[str, Any]] = {
    "authors": {"resolution": 256, "batch": 4, "classes": 150},
    "small": {"width": 8, "blocks": 2, "noise": 4, "critic_width": 8, "scales": 2},  # for a processor
}

PROOF = Proof(
    claim="Layouts become scenes by night, in snow and at sunset as they are asked for, far nearer to the truth than by"
    " the mean colour of each class under the same attributes, and no attribute changes the rest.",
    data="world:seasons",
    measure="seasons",
    share=2 / 3,
    settings={
        "resolution": 16,
        "examples": 48_000,
        "batch": 16,
        "classes": 7,
        "noise": 2,
        "width": 12,
        "blocks": 1,
        "critic_width": 8,
        "scales": 1,
        "l1": 30.0,
        "lr": 2e-3,
        "decay_after": 0.5,
    },
)
