"""MUNIT: content apart from style, so that one image becomes many. Huang et al. 2018, arXiv:1804.04732, eq. 1 to 5.

Paper            here
E_1^c, E_2^c     `content_a`, `content_b`: encoders of what is shown
E_1^s, E_2^s     `style_a`, `style_b`: encoders of how it is shown
G_1, G_2         `decoder_a`, `decoder_b`: an image from content and style
D_1, D_2         `critic_a`, `critic_b`, at several scales
s_1, s_2         styles, N(0, 1) where they are drawn
lambda_x, c, s   `image_weight`, `content_weight`, `style_weight`

The perceptual loss of the paper's 512-pixel runs is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Layers, LayersOrNone, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec, UnpairedBatch
from saddlepoint.keyed import normal_rows
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.nn.backbones.content_style import (
    ContentEncoder,
    StyleDecoder,
    StyleEncoder,
    content_sizes,
    style_sizes,
)
from saddlepoint.nn.backbones.multiscale_critic import MultiScaleCritic, scales_sizes


@final
@dataclass(frozen=True, kw_only=True)
class MUNIT(Method):
    """Translation both ways between two sets of images, where one image has many right answers: outlines and shoes of
    any colour. The style is drawn, or taken from an image of the other set."""

    takes = UnpairedBatch
    defaults = {"batch": 1}  # as in the paper
    compiles = ("content_a", "content_b", "style_a", "style_b", "decoder_a", "decoder_b")

    style: Width = 8
    """length of a style"""
    generator_width: Width = 64
    """channels of encoders and decoders at the full side; they double with each of the first two halvings"""
    content_halvings: LayersOrNone = 2
    """how often the side of an image is halved to its content"""
    style_halvings: Layers = 4
    """how often it is halved to its style, before the mean over all places is taken"""
    blocks: Layers = 4
    """residual blocks of each content encoder, and as many restyled ones of each decoder"""
    mlp_width: Width = 256
    """width of the two hidden layers between a style and the decoder's norms"""
    critic_width: Width = 64
    """the discriminators' (critics') channels in the first layer; they double with each"""
    critic_halvings: Layers = 4
    """layers of the critics, each of which halves"""
    critic_weights: Literal["normal", "he"] = "normal"
    """the critics' first weights: N(0, 0.02) as the authors', or He's, where so few channels would pass little on"""
    scales: Layers = 3
    """sizes of the image that are judged, each half of the one before, by a critic of its own"""
    image_weight: Weight = 10.0
    """weight of the mean absolute difference of an image to what its own content and style make"""
    content_weight: Weight = 1.0
    """the same of a content to that of the image made from it"""
    style_weight: Weight = 1.0
    """the same of a style that was drawn to that of the image made with it"""
    cycle_weight: Weight = 0.0
    """the same of an image after there and back; 0 for none, 10 where both sets show much the same, such as seasons"""
    lr: Positive = 1e-4
    """learning rate of all (Adam)"""
    halve_every: Count = 100_000
    """images after which the learning rate is halved, again and again"""
    weight_decay: Weight = 1e-4
    """share of each weight that is added to its gradient"""
    beta1: Decay = 0.5
    """Adam's first beta, for all"""

    def networks(self, data: DataSpec) -> Networks:
        channels, side, width = data.channels, min(data.size), self.generator_width
        sizes = content_sizes(self.content_halvings) & style_sizes(self.style_halvings)
        (sizes & scales_sizes(self.critic_halvings, self.scales)).check(*data.size)
        nets: dict[str, nn.Module] = {}
        for kind in ("a", "b"):
            shape = (channels, width, self.content_halvings, self.blocks)
            nets[f"content_{kind}"] = ContentEncoder(*shape)
            nets[f"style_{kind}"] = StyleEncoder(channels, width, self.style_halvings, self.style)
            nets[f"decoder_{kind}"] = StyleDecoder(*shape, self.style, self.mlp_width)
            nets[f"critic_{kind}"] = MultiScaleCritic(
                channels, self.critic_width, self.critic_halvings, self.scales, side, self.critic_weights
            )
        return Networks(**nets)

    def optimisers(self) -> Mapping[str, Optim]:
        def rate(clock: Clock) -> float:
            return self.lr * 0.5 ** (clock.examples // self.halve_every)

        same: dict[str, Any] = {"lr": rate, "betas": (self.beta1, 0.999), "weight_decay": self.weight_decay}
        return {"critics": Adam("critic_a", "critic_b", **same), "generators": Adam(*self.compiles, **same)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        image = {"a": batch.a, "b": batch.b}  # [N, C, S, S] in [-1, 1] each
        part = {kind: {name: nets.get_submodule(f"{name}_{kind}") for name in _PARTS} for kind in image}
        content = {kind: part[kind]["content"](image[kind]) for kind in image}
        style = {kind: part[kind]["style"](image[kind]) for kind in image}
        style_draw = {kind: draw.noise(len(image[kind]), self.style) for kind in image}
        translated, rebuilt = {}, {}
        for kind, other in _OTHER.items():
            # No norm here looks across images, so one pass decodes the other kind's content and the image's own.
            both = torch.cat((content[other], content[kind])), torch.cat((style_draw[kind], style[kind]))
            translated[kind], rebuilt[kind] = part[kind]["decoder"](*both).chunk(2)  # held across the critics' move

        terms: dict[str, Tensor] = {}
        watch: dict[str, Tensor] = {}
        for kind in image:
            outputs = part[kind]["critic"](torch.cat((image[kind], translated[kind].detach())))
            real, fake = zip(*(logits.chunk(2) for logits in outputs))
            terms |= {f"{name}_{kind}": loss for name, loss in _critics_loss(real, fake).items()}
            means = mean_logits(*(torch.cat([logits.flatten() for logits in each]) for each in (real, fake)))
            watch |= {f"{name}_{kind}": value for name, value in means.items()}
        yield Update("critics", terms, watch=watch)

        losses: dict[str, Tensor] = {}
        for kind, other in _OTHER.items():
            fooled = part[kind]["critic"](translated[kind])
            recovered = part[kind]["content"](translated[kind])  # of what the other kind showed
            losses |= {
                f"fake_{kind}": 2 * torch.stack([generator_loss("least-squares", fake) for fake in fooled]).sum(),
                f"image_{kind}": self.image_weight * F.l1_loss(rebuilt[kind], image[kind]),
                f"content_{other}": self.content_weight * F.l1_loss(recovered, content[other]),
                f"style_{kind}": self.style_weight * F.l1_loss(part[kind]["style"](translated[kind]), style_draw[kind]),
            }
            if self.cycle_weight:
                back = part[other]["decoder"](recovered, style[other])
                losses[f"cycle_{other}"] = self.cycle_weight * F.l1_loss(back, image[other])
        yield Update("generators", losses)

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """Both ways."""
        return _OTHER

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] as the other kind, all in the style that `seed` draws."""
        return self._restyled(nets, images, normal_rows(1, self.style, seed).to(images.device), origin)

    def translate_like(self, nets: nn.Module, images: Tensor, reference: Tensor, origin: str) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] as the other kind, each in the style of its reference [n, C, h, w]."""
        style = nets.get_submodule(f"style_{_OTHER[origin]}")
        return self._restyled(nets, images, style(reference), origin)

    def _restyled(self, nets: nn.Module, images: Tensor, style: Tensor, origin: str) -> Tensor:
        content = nets.get_submodule(f"content_{origin}")(images)
        translated: Tensor = nets.get_submodule(f"decoder_{_OTHER[origin]}")(content, style.expand(len(images), -1))
        return translated


_PARTS = ("content", "style", "decoder", "critic")
_OTHER = {"a": "b", "b": "a"}


def _critics_loss(real: tuple[Tensor, ...], fake: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """Least squares summed over scales; the authors' squares are whole where ours are halved."""
    scales = [critic_loss("least-squares", *pair) for pair in zip(real, fake)]
    return {name: 2 * torch.stack([each[name] for each in scales]).sum() for name in ("real", "fake")}


# Settings by preset, with where each comes from: github.com/NVlabs/MUNIT, configs/*.yaml, a million images each.
PRESETS: dict[str, dict[str, Any]] = {
    "edges2shoes": {"resolution": 256, "flip": True, "batch": 1, "images": 1_000_000},  # and handbags
    "summer2winter": {"resolution": 256, "flip": True, "batch": 1, "images": 1_000_000, "cycle_weight": 10.0},
    "small": {"generator_width": 16, "critic_width": 16, "mlp_width": 64, "blocks": 2},  # for a processor
}

PROOF = Proof(
    claim="MUNIT, shown black shapes on white paper and lit scenes that never show the same shape, lights a shape near"
    " one of its right answers, which are of every hue, reaches most colours by seed alone, and takes the hue of a"
    " reference.",
    data="world:colours",
    measure="answers",
    share=1 / 2,
    bars={"colours": 4, "guided": 7.5},  # of eight; and nearer than the right shape in any hue: 8.1 to 8.9
    # The scenes once had one of eight colours. Styles, which are drawn from a bell curve, fall between these, and with
    # a critic of two layers too the proof failed with every seed. The share is as it was.
    settings={
        "resolution": 16,
        "images": 36_000,
        "batch": 24,
        "style": 2,  # what differs is a hue, and a circle lies in a plane
        "generator_width": 8,
        "content_halvings": 1,
        "style_halvings": 3,
        "blocks": 1,
        "mlp_width": 32,
        "critic_width": 16,
        "critic_halvings": 3,
        "critic_weights": "he",  # through 16 channels, weights of 0.02 pass little on
        "scales": 2,
        "image_weight": 20.0,  # twice the authors', for a thousand and a half steps
        "cycle_weight": 10.0,
        "style_weight": 0.3,  # with 1, drawn styles vary more than the lit scenes do
        "lr": 3e-3,
        "halve_every": 18_000,
    },
)
