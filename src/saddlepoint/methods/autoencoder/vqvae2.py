"""VQ-VAE-2: two maps of codes, a coarse one for what is where and a fine one for detail. Razavi et al. 2019,
arXiv:1906.00446.

Paper        here
e_top        `top`, at an eighth of the side: made from what the fine encoder sees
e_bottom     `bottom`, at a quarter: quantised beside the coarse codes, decoded, so that it holds what these leave out
p(e_top)     `top_prior`, which hears the class; p(e_bottom | e_top), `bottom_prior`, is given the coarse codes too

The priors are gated PixelCNNs without the paper's attention, and there are no dropout and no rejection of samples by a
classifier. `coarse_alone` is not in the paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Range, Share
from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.base import Networks, Proof
from saddlepoint.methods.families.quantised import QuantisedAutoencoder, halved
from saddlepoint.nn.backbones.vqvae import decoder, encoder
from saddlepoint.nn.layers.codebook import Quantised
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.number import Number


@final
@dataclass(frozen=True, kw_only=True)
class VQVAE2(QuantisedAutoencoder):
    """An autoencoder with two maps of codes, each with a prior."""

    books: ClassVar[tuple[str, ...]] = ("top", "bottom")

    halvings: Annotated[int, Range(least=1, most=5)] = 2
    """how often the side is halved for the fine map; once more for the coarse one"""
    coarse_alone: Share = 0.0
    """share of the images in training that the decoder makes from coarse codes alone: where the fine encoder sees the
    whole image, as on small ones, coarse codes are not used without it; 0, as in the paper, for none"""

    def networks(self, data: DataSpec) -> Networks:
        coarse, fine = (halved(data.size, self.halvings + more) for more in (1, 0))
        top, bottom = self.new_book(), self.new_book()
        sizes = (self.width, self.narrow, self.blocks)
        nets = Networks(
            encoder_bottom=encoder(data.channels, *sizes, self.halvings),
            encoder_top=nn.Sequential(encoder(self.width, *sizes, 1), nn.Conv2d(self.width, top.dim, 1)),
            top=top,
            decoder_top=decoder(top.dim, self.width, *sizes, 1),
            to_bottom=nn.Conv2d(2 * self.width, bottom.dim, 1),
            bottom=bottom,
            upsample=nn.ConvTranspose2d(top.dim, top.dim, 4, 2, 1),
            decoder=decoder(top.dim + bottom.dim, data.channels, *sizes, self.halvings),
            top_prior=self.new_prior(data, top, coarse),
            bottom_prior=self.new_prior(data, bottom, fine, map_channels=top.dim),
            error=Number(1.0),
        )
        for name in self.learners():
            initialise(nets.get_submodule(name), "he")
        return nets

    def learners(self) -> tuple[str, ...]:
        return "encoder_bottom", "encoder_top", "decoder_top", "to_bottom", "upsample", "decoder"

    def quantise(self, nets: Networks | nn.Module, image: Tensor) -> tuple[Quantised, ...]:
        network = nets.get_submodule
        maps = network("encoder_bottom")(image)
        top: Quantised = network("top")(network("encoder_top")(maps))
        beside = torch.cat([network("decoder_top")(top.values), maps], 1)
        return top, network("bottom")(network("to_bottom")(beside))

    def decode(self, nets: Networks | nn.Module, values: tuple[Tensor, ...]) -> Tensor:
        top, bottom = values
        if self.coarse_alone and nets.training:
            bottom = bottom * (torch.rand(len(bottom), 1, 1, 1, device=bottom.device) >= self.coarse_alone)
        both = torch.cat([nets.get_submodule("upsample")(top), bottom], 1)
        images: Tensor = nets.get_submodule("decoder")(both)
        return images.float()

    def prior_maps(self, nets: nn.Module, book: int, values: tuple[Tensor, ...]) -> Tensor | None:
        """The fine prior sees the coarse values, each over the places that it stands for."""
        return None if book == 0 else F.interpolate(values[0], scale_factor=2.0, mode="nearest")


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "imagenet": {  # section 4.1 and github.com/rosinality/vq-vae-2-pytorch, train_vqvae.py: 256 pixels, 560 epochs
        "resolution": 256,
        "by_class": True,
        "codes": 512,
        "dim": 64,
        "width": 128,
        "narrow": 32,
        "lr": 3e-4,
        "batch": 128,
        "prior_width": 256,
        "prior_blocks": 16,
        "prior_lr": 3e-4,
    },
    "small": {"codes": 64, "dim": 16, "width": 32, "narrow": 16, "prior_width": 32, "prior_blocks": 3, "lr": 2e-3},
}

PROOF = Proof(
    claim="With as many bits for an image, a VQ-VAE-2 makes held-out silhouettes again with less error than k-means on"
    " their patches; its priors, told the class, know more of the codes than how often each occurs.",
    data="world:silhouettes",
    measure="codes",
    share=0.85,
    bars={"prior_gain": 0.2, "coarse": 2.0},
    settings={
        "held_out": 0.1,
        "examples": 200_000,
        "batch": 32,
        "by_class": True,
        "codes": 64,
        "dim": 4,
        "coarse_alone": 0.1,
        "width": 32,
        "narrow": 16,
        "lr": 4e-3,
        "prior_width": 8,
        "prior_blocks": 1,
        "prior_lr": 2e-3,
        "autoencoder_share": 0.9,
    },
)
