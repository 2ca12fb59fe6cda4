"""Occupancy network: solids as the places that are inside, made from codes. Mescheder et al. 2019, arXiv:1812.03828.

Paper          here
f(p, x)        `decoder`: logit that place p is inside the solid of a code; residual blocks, conditional batch norm
g, q(z)        `encoder`, of voxels (section 4.3): mean and log-variance of the code, as in the generative model of
               section 3.3, whose encoder reads points
L              cross-entropy summed over `places`, and the divergence from N(0, 1) (eq. 4), meaned over solids
padding .1     places are drawn from a cube a tenth larger than the data's
MISE           `at_side` reads a whole grid; no octree is refined
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Layers, Positive, Weight, Width
from saddlepoint.data.batches import DataSpec, VolumeBatch
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.distances import middles
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.volume import Volume
from saddlepoint.losses.divergence import kl_to_prior
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Clock, Draw, Method, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.truncation import truncated
from saddlepoint.nn.backbones.occupancy import OccupancyDecoder, VoxelEncoder, voxels_at
from saddlepoint.nn.layers.number import Number

_PADDED = 1.1  # half the side of the cube that places are drawn from
_AT_ONCE = 1 << 16  # places


@final
@dataclass(frozen=True, kw_only=True)
class OccupancyNetwork(Method):
    """Solids that can be read at any fineness, from voxels: made anew, made from others, and walked between."""

    takes = VolumeBatch
    compiles = ("decoder",)
    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 64}
    prior: ClassVar[Literal["normal"]] = "normal"

    latent: Width = 256
    """length of a code"""
    width: Width = 256
    """numbers in a hidden layer of the decoder"""
    blocks: Layers = 5
    """residual blocks of the decoder"""
    encoder_width: Width = 32
    """channels of the encoder's first convolution; they double with each halving"""
    places: Count = 2048
    """places drawn for each solid of a batch"""
    divergence: Weight = 1.0
    """weight of the codes' divergence from N(0, 1); 0 for codes without chance, which cannot be sampled well"""
    lr: Positive = 1e-4
    """learning rate (Adam)"""

    def networks(self, data: DataSpec) -> Networks:
        kind = data.main
        if not isinstance(kind, Volume) or kind.channels != 1:
            lack = f"an occupancy network learns volumes of one channel; the data has {kind}."
            raise ConfigError(f"{lack} {VolumeBatch.given_by}")
        return Networks(
            encoder=VoxelEncoder(1, kind.side, self.encoder_width, 2 * self.latent),
            decoder=OccupancyDecoder(self.latent, self.width, self.blocks),
            side=Number(kind.side),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        return {"autoencoder": Adam("encoder", "decoder", lr=self.lr)}

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        volume = draw().volume  # [N, 1, S, S, S] in [0, 1]
        mean, log_variance = self.posterior(nets, volume)
        code = mean
        if self.divergence:
            code = mean + (log_variance / 2).exp() * draw.noise(*mean.shape)
        place = (draw.uniform(len(volume), self.places, 3) * 2 - 1) * _PADDED
        logits, inside = nets.decoder(code, place), voxels_at(volume, place)
        losses = {"occupancy": F.binary_cross_entropy_with_logits(logits, inside, reduction="none").sum(1).mean()}
        if self.divergence:
            losses["divergence"] = self.divergence * kl_to_prior(mean, log_variance).mean()
        right = ((logits.detach() > 0) == (inside > 0.5)).float().mean()
        yield Update("autoencoder", losses, watch={"right": right})

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, latent] float32, N(0, 1), on the CPU; latent i depends on (seed, i) alone."""
        return normal_rows(n, self.latent, seed, first=first)

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """Nothing."""
        return {}

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Volumes [n, 1, S, S, S] of the data's side: the probability that each voxel's middle is inside."""
        side = int(nets.get_submodule("side").get_buffer("value"))
        return self.at_side(nets, side, truncated(latents, how, self.prior))[1]

    def at_side(self, nets: nn.Module, side: int, latents: Tensor | None = None) -> tuple[Kind, Tensor]:
        """The solids of latents at `side` places along each axis; without latents that of the middle code."""
        device = next(nets.parameters()).device
        latents = torch.zeros(1, self.latent, device=device) if latents is None else latents
        place, decoder = middles(side).view(1, -1, 3).to(device), nets.get_submodule("decoder")
        solids = []
        for code in latents:
            parts = [decoder(code[None], part) for part in place.split(_AT_ONCE, 1)]
            solids.append(torch.cat(parts, 1).sigmoid().view(1, side, side, side))
        return Volume(1, side, side, side), torch.stack(solids)

    def posterior(self, nets: nn.Module, volume: Tensor) -> tuple[Tensor, Tensor]:
        """Volumes [n, 1, S, S, S] -> mean and log-variance of their codes, [n, latent] each."""
        mean, log_variance = nets.get_submodule("encoder")(volume).chunk(2, 1)
        return mean, log_variance if self.divergence else log_variance.detach() * 0

    def encode(self, nets: nn.Module, volume: Tensor) -> Tensor:
        """The likeliest code of each volume: [n, latent]."""
        return self.posterior(nets, volume)[0]

    def reconstruct(self, nets: nn.Module, volume: Tensor) -> Tensor:
        """Volumes made again from their codes, of the same side."""
        return self.at_side(nets, volume.shape[2], self.encode(nets, volume))[1]


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"batch": 64},  # configs/voxels/onet.yaml: voxels of 32 a side come in, places are judged
    "small": {"latent": 32, "width": 64, "blocks": 3, "encoder_width": 8, "places": 512, "batch": 32, "lr": 1e-3},
}

PROOF = Proof(
    claim="An occupancy network makes furniture that is near to real pieces, of every class, where voxels drawn one by"
    " one make none.",
    data="world:furniture",
    measure="shapes",
    share=1 / 2,
    bars={"near": 0.45, "classes": 4},
    settings={
        "resolution": 16,
        "examples": 52_000,
        "batch": 32,
        "latent": 12,
        "width": 48,
        "blocks": 3,
        "encoder_width": 8,
        "places": 256,
        "divergence": 0.5,  # .125 would be the paper's balance, with which drawn codes fall between the learnt ones
        "lr": 2e-3,
    },
)
