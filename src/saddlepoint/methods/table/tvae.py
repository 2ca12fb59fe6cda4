"""TVAE: a variational autoencoder of a table's rows. Xu et al. 2019, arXiv:1907.00503, section 4.5.

Paper      here
delta_i    `deviation` of each number within its mode, learnt, from .01 to 1
L_factor   reconstruction_weight

Numbers within a mode are normal around a tanh, words and modes are drawn from a softmax. In sampling both are drawn,
by numbers that are part of the latent, so that row i is a function of latent i; the paper's code takes the likeliest
word. Written from the paper; no part of any library of that name is used.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Positive, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.methods.base import Adam, Clock, Draw, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.tabular import Tabular, gumbel
from saddlepoint.nn.backbones.mlp import MLPCritic, MLPGenerator
from saddlepoint.nn.layers.column_modes import ColumnModes

_LEAST, _MOST = 0.01, 1.0


@final
class Decoder(nn.Module):
    """[N, latent] -> values before their activation [N, width], and `deviations`, [numbers], of those within modes."""

    def __init__(self, latent: int, widths: tuple[int, ...], outputs: int, numbers: int) -> None:
        super().__init__()
        self.layers = MLPGenerator(latent, widths, (outputs,))
        self.spread = nn.Parameter(torch.full((numbers,), 0.1))

    @property
    def deviations(self) -> Tensor:
        """[numbers], from .01 to 1"""
        return self.spread.clamp(_LEAST, _MOST)

    def forward(self, latent: Tensor) -> Tensor:
        values: Tensor = self.layers(latent)
        return values


@final
@dataclass(frozen=True, kw_only=True)
class TVAE(Tabular):
    """Tables with columns of numbers and of words; steadier than ctgan, and often as good."""

    defaults: ClassVar[Mapping[str, Any]] = {"batch": 500}
    compiles = ("encoder", "decoder")

    widths: tuple[Width, ...] = (128, 128)
    """units of the encoder's hidden layers; the decoder has them in reverse"""
    reconstruction_weight: Weight = 2.0
    """weight of the reconstruction beside the divergence of the codes"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""
    weight_decay: Weight = 1e-5
    """L2 penalty on the weights"""

    def networks(self, data: DataSpec) -> Networks:
        modes = ColumnModes(self.record_kind(data))
        numbers = sum(count == 0 for count in modes.kind.counts)
        return Networks(
            modes=modes,
            encoder=MLPCritic((modes.width,), self.widths, outputs=2 * self.latent),
            decoder=Decoder(self.latent, self.widths[::-1], modes.width, numbers),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        return {"autoencoder": Adam("encoder", "decoder", lr=self.lr, weight_decay=self.weight_decay)}

    def numbers(self, modes: ColumnModes) -> int:
        return self.latent + modes.width

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        modes: ColumnModes = nets.modes
        records = draw().record  # [N, D] in [-1, 1]
        values = modes.seen(records, draw.uniform(*records.shape))
        mean, log_variance = nets.encoder(values).float().chunk(2, 1)
        latent = mean + (log_variance / 2).exp() * draw.noise(*mean.shape)
        logits = modes.present(nets.decoder(latent))
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()
        unlikely = self.reconstruction_weight * unlikelihood(modes, values, logits, nets.decoder.deviations)
        yield Update("autoencoder", {"reconstruction": unlikely, "divergence": divergence})

    def made(self, nets: nn.Module, latents: Tensor) -> Tensor:
        modes: Any = nets.get_submodule("modes")
        decoder: Any = nets.get_submodule("decoder")
        logits, noise = modes.present(decoder(latents[:, : self.latent])), latents[:, self.latent :]
        parts, place, number = [], 0, 0
        for length, choice in modes.spans:
            part, drawn = logits[:, place : place + length], noise[:, place : place + length]
            if choice:
                parts.append(part + gumbel(drawn))
            else:
                parts.append((part.tanh() + decoder.deviations[number] * drawn).clamp(-1, 1))
                number += 1
            place += length
        return torch.cat(parts, 1)


def unlikelihood(modes: ColumnModes, values: Tensor, logits: Tensor, deviations: Tensor) -> Tensor:
    """Minus the log-likelihood of values [N, width] in nats, summed over columns, mean over rows.

    deviations: [numbers], of each number within its mode.
    """
    total, place, number = logits.new_zeros(len(logits)), 0, 0
    for length, choice in modes.spans:
        value, logit = values[:, place : place + length], logits[:, place : place + length]
        if choice:
            total = total + F.cross_entropy(logit, value.argmax(1), reduction="none")
        else:
            square = ((value - logit.tanh()) / deviations[number]).square()[:, 0]
            total = total + 0.5 * square + deviations[number].log() + 0.5 * math.log(2 * math.pi)
            number += 1
        place += length
    return total.mean()


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "small": {"widths": (64, 64), "latent": 32, "batch": 200},  # for a processor
}

PROOF = Proof(
    claim="Rows that a TVAE makes have columns that go together as those of real rows do, which columns drawn each by"
    " itself do not.",
    data="world:register",
    measure="columns-together",
    share=0.6,
    settings={"examples": 600_000, "batch": 250, "latent": 16, "widths": (128, 128), "held_out": 0.2},
)
