"""UNIT: two kinds of images with one space of codes. Liu et al. 2017, arXiv:1703.00848, eq. 2 to 6.

Paper             here
E_1, E_2          `encoder_a`, `encoder_b`: the mean of a code; its deviation is 1
G_1, G_2          `decoder_a`, `decoder_b`
shared layers     `common`: residual blocks that codes of both kinds go through
D_1, D_2          `critic_a`, `critic_b`, at several scales
lambda_1, 3       `code`, `code_cycle`: weights of the KL divergence of codes from N(0, 1), mean over their numbers
lambda_2, 4       `image`, `cycle`: weights of the absolute difference of an image to what its own code makes, and after
                  there and back

The weights and networks are those of the authors' later code, which shares no layer (`shared` 0); the paper's share the
last of the encoders and the first of the decoders. Codes have noise in training alone. The perceptual loss is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Decay, Layers, LayersOrNone, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec, UnpairedBatch
from saddlepoint.losses.adversarial import critic_loss, generator_loss, mean_logits
from saddlepoint.methods.base import Adam, Clock, Draw, Ema, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.two_way import OTHER
from saddlepoint.nn.backbones.content_decoder import ContentDecoder
from saddlepoint.nn.backbones.content_style import ContentEncoder, content_sizes
from saddlepoint.nn.backbones.multiscale_critic import MultiScaleCritic, scales_sizes
from saddlepoint.nn.backbones.resnet_translator import Block
from saddlepoint.nn.layers.norm import Norm


@final
@dataclass(frozen=True, kw_only=True)
class UNIT(Method):
    """Translation both ways between two sets of images that show the same things: streets by day and by night."""

    takes = UnpairedBatch
    batch_statistics = True  # with batch norm
    defaults = {"batch": 1}  # as in the paper
    compiles = ("encoder_a", "encoder_b", "decoder_a", "decoder_b")

    generator_width: Width = 64
    """channels of encoders and decoders at the full side; they double with each halving"""
    content_halvings: LayersOrNone = 2
    """how often the side of an image is halved to its code"""
    blocks: Layers = 4
    """residual blocks of each encoder, and as many of each decoder"""
    shared: LayersOrNone = 1
    """residual blocks that the codes of both kinds go through between encoders and decoders; 0 for none"""
    norm: Norm = "instance"
    """norm of encoders and blocks: instance as in the authors' code, or batch, which keeps how strong a colour is"""
    critic_width: Width = 64
    """the discriminators' (critics') channels in the first layer; they double with each"""
    critic_halvings: Layers = 4
    """layers of the critics, each of which halves"""
    scales: Layers = 3
    """sizes of the image that are judged, each half of the one before, by a critic of its own"""
    image: Weight = 10.0
    """weight of the mean absolute difference of an image to what its own code makes"""
    cycle: Weight = 10.0
    """the same of an image after there and back"""
    code: Weight = 0.01
    """weight of the mean square of codes: twice their divergence from N(0, 1)"""
    code_cycle: Weight = 0.01
    """the same of the codes of translated images"""
    lr: Positive = 1e-4
    """learning rate of all (Adam)"""
    halve_every: Count = 100_000
    """images after which the learning rate is halved, again and again"""
    weight_decay: Weight = 1e-4
    """share of each weight that is added to its gradient"""
    beta1: Decay = 0.5
    """Adam's first beta, for all"""
    ema_images: Weight = 0.0
    """half-life, in images, of the running average that translates; 0 for none, as in the authors' code"""

    def networks(self, data: DataSpec) -> Networks:
        channels, side, width = data.channels, min(data.size), self.generator_width
        (content_sizes(self.content_halvings) & scales_sizes(self.critic_halvings, self.scales)).check(*data.size)
        nets: dict[str, nn.Module] = {}
        for kind in OTHER:
            shape = (channels, width, self.content_halvings, self.blocks, self.norm)
            nets[f"encoder_{kind}"] = ContentEncoder(*shape)
            nets[f"decoder_{kind}"] = ContentDecoder(*shape)
            nets[f"critic_{kind}"] = MultiScaleCritic(
                channels, self.critic_width, self.critic_halvings, self.scales, side
            )
        nets["common"] = nn.Sequential(*(Block(width << self.content_halvings, self.norm) for _ in range(self.shared)))
        return Networks(**nets)

    def optimisers(self) -> Mapping[str, Optim]:
        def rate(clock: Clock) -> float:
            return self.lr * 0.5 ** (clock.examples // self.halve_every)

        same: dict[str, Any] = {"lr": rate, "betas": (self.beta1, 0.999), "weight_decay": self.weight_decay}
        return {"critics": Adam("critic_a", "critic_b", **same), "generators": Adam(*self.compiles, "common", **same)}

    def ema(self) -> Ema | None:
        return Ema((*self.compiles, "common"), self.ema_images) if self.ema_images else None

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        image = {"a": batch.a, "b": batch.b}  # [N, C, H, W] in [-1, 1] each
        code = {kind: self._code(nets, image[kind], kind) for kind in image}
        noisy = {kind: one + draw.noise(*one.shape) for kind, one in code.items()}
        fake, rebuilt = {}, {}
        for kind, other in OTHER.items():
            decoder = nets.get_submodule(f"decoder_{kind}")
            fake[kind], rebuilt[kind] = decoder(torch.cat((noisy[other], noisy[kind]))).chunk(2)

        terms: dict[str, Tensor] = {}
        watch: dict[str, Tensor] = {}
        for kind in image:
            outputs = nets.get_submodule(f"critic_{kind}")(torch.cat((image[kind], fake[kind].detach())))
            real, dull = zip(*(logits.chunk(2) for logits in outputs))
            scales = [critic_loss("least-squares", *pair) for pair in zip(real, dull)]
            # Summed over scales; the authors' squares are whole where ours are halved.
            terms |= {f"{name}_{kind}": 2 * torch.stack([each[name] for each in scales]).sum() for name in scales[0]}
            means = mean_logits(*(torch.cat([logits.flatten() for logits in each]) for each in (real, dull)))
            watch |= {f"{name}_{kind}": value for name, value in means.items()}
        yield Update("critics", terms, watch=watch)

        losses: dict[str, Tensor] = {}
        for kind, other in OTHER.items():
            fooled = nets.get_submodule(f"critic_{kind}")(fake[kind])
            again = self._code(nets, fake[other], other)  # of what the own image became
            back = nets.get_submodule(f"decoder_{kind}")(again + draw.noise(*again.shape))
            losses |= {
                f"fake_{kind}": 2 * torch.stack([generator_loss("least-squares", each) for each in fooled]).sum(),
                f"image_{kind}": self.image * F.l1_loss(rebuilt[kind], image[kind]),
                f"cycle_{kind}": self.cycle * F.l1_loss(back, image[kind]),
                f"code_{kind}": self.code * code[kind].float().square().mean(),
                f"code_cycle_{kind}": self.code_cycle * again.float().square().mean(),
            }
        yield Update("generators", losses)

    def _code(self, nets: nn.Module, images: Tensor, kind: str) -> Tensor:
        code: Tensor = nets.get_submodule("common")(nets.get_submodule(f"encoder_{kind}")(images))
        return code

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def directions(self) -> Mapping[str, str]:
        """Both ways."""
        return OTHER

    def translate(self, nets: nn.Module, images: Tensor, origin: str, seed: int = 0) -> Tensor:
        """Images [n, C, H, W] in [-1, 1] as the other kind, from the mean of their codes; there is nothing to draw."""
        translated: Tensor = nets.get_submodule(f"decoder_{OTHER[origin]}")(self._code(nets, images, origin))
        return translated


# Settings by preset, with where each comes from: github.com/mingyuliutw/UNIT, configs/*.yaml, a million images each.
PRESETS: dict[str, dict[str, Any]] = {
    "authors": {"resolution": 256, "flip": True, "batch": 1, "images": 1_000_000, "shared": 0},
    "small": {"generator_width": 16, "critic_width": 16, "blocks": 2},  # for a processor
}

PROOF = Proof(
    claim="UNIT, shown rendered scenes and photographs of others, finds the map between them, both ways, nearer to the"
    " hidden truth than naive maps that were shown as much.",
    data="world:camera",
    measure="crossing",
    share=3 / 4,
    settings={
        "resolution": 16,
        "images": 23_000,
        "batch": 16,  # with 8 seed 1 has .63 of the baseline's error, and seed 0 finds another map
        "generator_width": 12,
        "content_halvings": 0,
        "blocks": 1,
        "critic_width": 12,
        "critic_halvings": 2,
        "scales": 2,
        "norm": "batch",  # on flat shapes instance norm forgets how strong a colour is: the error was 13 with it
        "lr": 2e-3,
        "halve_every": 8_000,
        "ema_images": 1_000,  # without it seed 1 has .76 of the baseline at best
    },
)
