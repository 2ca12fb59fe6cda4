"""VQ-VAE: an image as a map of codes from a learnt list, and a prior that makes such maps. Van den Oord et al. 2017,
arXiv:1711.00937.

Paper        here
z_e(x)       what `encoder` makes of an image, at a quarter of its side
e            `codebook`; running means, and codes that nothing takes begin anew (appendix A.1 and later practice)
z_q(x)       the nearest code at each place
beta         `commitment`
p(z)         `codebook_prior`, a gated PixelCNN over the codes

Finite scalar quantisation (`levels`) is arXiv:2309.15505, more `rounds` are the residual quantisation of
arXiv:2203.01941.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, final

from torch import Tensor, nn

from saddlepoint.config import Range
from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.base import Networks, Proof
from saddlepoint.methods.families.quantised import QuantisedAutoencoder, halved
from saddlepoint.nn.backbones.vqvae import decoder, encoder
from saddlepoint.nn.layers.codebook import Quantised
from saddlepoint.nn.layers.initialisation import initialise
from saddlepoint.nn.layers.number import Number


@final
@dataclass(frozen=True, kw_only=True)
class VQVAE(QuantisedAutoencoder):
    """An autoencoder with one map of codes; its prior makes new maps, code by code."""

    halvings: Annotated[int, Range(least=1, most=6)] = 2
    """how often the side is halved: 2 gives a map of a quarter of it"""

    def networks(self, data: DataSpec) -> Networks:
        side, book = halved(data.size, self.halvings), self.new_book()
        sizes = (self.width, self.narrow, self.blocks, self.halvings)
        nets = Networks(
            encoder=nn.Sequential(encoder(data.channels, *sizes), nn.Conv2d(self.width, book.dim, 1)),
            codebook=book,
            decoder=decoder(book.dim, data.channels, *sizes),
            codebook_prior=self.new_prior(data, book, side),
            error=Number(1.0),
        )
        for name in self.learners():
            initialise(nets.get_submodule(name), "he")
        return nets

    def learners(self) -> tuple[str, ...]:
        return "encoder", "decoder"

    def quantise(self, nets: Networks | nn.Module, image: Tensor) -> tuple[Quantised, ...]:
        return (nets.get_submodule("codebook")(nets.get_submodule("encoder")(image)),)

    def decode(self, nets: Networks | nn.Module, values: tuple[Tensor, ...]) -> Tensor:
        images: Tensor = nets.get_submodule("decoder")(values[0])
        return images.float()


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper-cifar": {  # section 4.1; gradient codebook there
        "resolution": 32,
        "codes": 512,
        "width": 256,
        "narrow": 256,
        "lr": 2e-4,
        "batch": 128,
    },
    "example": {  # deepmind/sonnet, examples/vqvae_example.ipynb: CIFAR-10, the error divided by the data's variance
        "resolution": 32,
        "width": 128,
        "narrow": 32,
        "lr": 3e-4,
        "batch": 32,
    },
    "small": {"codes": 64, "dim": 16, "width": 32, "narrow": 16, "prior_width": 32, "prior_blocks": 3, "lr": 2e-3},
}

PROOF = Proof(
    claim="With as many bits for an image, a VQ-VAE makes held-out silhouettes again with less error than k-means on"
    " their patches, and its prior knows more of its codes than how often each occurs.",
    data="world:silhouettes",
    measure="codes",
    share=0.85,
    bars={"prior_gain": 0.2},
    settings={
        "held_out": 0.1,
        "examples": 72_000,
        "batch": 32,
        "codes": 64,
        "dim": 4,
        "width": 32,
        "narrow": 16,
        "lr": 4e-3,
        "prior_width": 8,
        "prior_blocks": 1,
        "prior_lr": 2e-3,
        "autoencoder_share": 0.9,
    },
)
