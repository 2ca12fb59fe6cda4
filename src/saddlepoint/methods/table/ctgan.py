"""CTGAN: rows of a table under a condition on one of their words. Xu et al. 2019, arXiv:1907.00503, section 4.

Paper                     here
mode-specific             `nn/layers/column_modes.py`
cond, training-by-sampling  a column of words and one of its words, drawn by the logarithm of how often they are; real
                          rows are those of the batch that have it, or else the row at hand with the word that it has
PacGAN, 10                pack: rows that the critic judges together
Gumbel softmax, .2        temperature

A latent holds, beside the noise, the condition and the numbers that words are drawn with, so that row i is a function
of latent i. Written from the paper; no part of any library of that name is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Positive, Share, Weight, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.losses.adversarial import critic_loss, generator_loss
from saddlepoint.losses.penalties import gradient_penalty
from saddlepoint.methods.base import Adam, Clock, Draw, Ema, Moves, Networks, Optim, Proof, Update
from saddlepoint.methods.families.tabular import Tabular, evenly, gumbel
from saddlepoint.nn.layers.column_modes import ColumnModes


@final
class TableGenerator(nn.Module):
    """Noise and condition [N, inputs] -> values before activation [N, width]: what a layer gives joins its input."""

    def __init__(self, inputs: int, widths: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        for width in widths:
            self.layers.append(nn.Sequential(nn.Linear(inputs, width), nn.BatchNorm1d(width), nn.ReLU()))
            inputs += width
        self.output = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.cat([layer(x), x], 1)
        values: Tensor = self.output(x).float()
        return values


@final
class TableCritic(nn.Module):
    """Packs of rows [N, inputs] -> [N] outputs: dense layers with LeakyReLU .2 and dropout."""

    def __init__(self, inputs: int, widths: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in widths:
            layers += [nn.Linear(inputs, width), nn.LeakyReLU(0.2), nn.Dropout(dropout)]
            inputs = width
        self.layers = nn.Sequential(*layers, nn.Linear(inputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        outputs: Tensor = self.layers(x).squeeze(1)
        return outputs


@final
@dataclass(frozen=True, kw_only=True)
class CTGAN(Tabular):
    """Tables with columns of numbers and of words; rare words are shown as often as frequent ones' logarithm allows."""

    batch_statistics = True
    defaults: ClassVar[Mapping[str, Any]] = {"batch": 500}

    generator_widths: tuple[Width, ...] = (256, 256)
    """units of the generator's hidden layers"""
    critic_widths: tuple[Width, ...] = (256, 256)
    """units of the discriminator's (critic's) hidden layers"""
    pack: Count = 10
    """rows that the critic judges together; the batch should be a multiple of it"""
    dropout: Share = 0.5
    """share of the critic's units left out in training"""
    temperature: Positive = 0.2
    """of the softmax by which words and modes are drawn"""
    penalty: Weight = 10.0
    """weight of the gradient penalty"""
    critic_steps: Count = 1
    """critic updates for each generator update"""
    lr: Positive = 2e-4
    """learning rate of both players (Adam)"""
    weight_decay: Weight = 1e-6
    """L2 penalty on the weights, for both"""
    ema_images: Weight = 0.0
    """half-life, in rows, of the generator's running average that makes the samples; 0 for none, as in the paper"""

    def networks(self, data: DataSpec) -> Networks:
        modes = ColumnModes(self.record_kind(data))
        condition = sum(modes.kind.counts)
        return Networks(
            modes=modes,
            generator=TableGenerator(self.latent + condition, self.generator_widths, modes.width),
            critic=TableCritic(self.pack * (modes.width + condition), self.critic_widths, self.dropout),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        settings: dict[str, Any] = {"lr": self.lr, "betas": (0.5, 0.9), "weight_decay": self.weight_decay}
        return {name: Adam(name, **settings) for name in ("critic", "generator")}

    def ema(self) -> Ema | None:
        return Ema(("generator",), half_life=self.ema_images) if self.ema_images else None

    def numbers(self, modes: ColumnModes) -> int:
        return self.latent + 2 + modes.width

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        modes: ColumnModes = nets.modes
        for _ in range(self.critic_steps):
            records = draw().record  # [N, D] in [-1, 1]
            n = len(records) // self.pack * self.pack
            if not n:
                raise ConfigError(
                    f"the critic judges {self.pack} rows together, and a batch has {len(records)}: use --batch"
                    f" {self.pack} or more, or a smaller --pack."
                )
            condition, rows = self.drawn(modes, records, draw.uniform(len(records), 3))
            real = modes.seen(rows[:n], draw.uniform(n, records.shape[1]))
            with torch.no_grad():
                latents = draw.noise(n, self.numbers(modes))
                fake = self._values(nets, latents, condition[:n])[0]
            true, made_up = (torch.cat([each, condition[:n]], 1).view(n // self.pack, -1) for each in (real, fake))
            losses = critic_loss("wasserstein", nets.critic(true), nets.critic(made_up))
            slope = gradient_penalty(nets.critic, true, made_up, draw.uniform(n // self.pack))
            losses["penalty"] = self.penalty * slope
            yield Update("critic", losses)
        fake, logits = self._values(nets, draw.noise(n, self.numbers(modes)), condition[:n])
        pack = torch.cat([fake, condition[:n]], 1).view(n // self.pack, -1)
        losses = {"fake": generator_loss("wasserstein", nets.critic(pack))}
        if condition.shape[1]:
            losses["condition"] = self._unmet(modes, logits, condition[:n])
        yield Update("generator", losses)

    def drawn(self, modes: ColumnModes, records: Tensor, chance: Tensor) -> tuple[Tensor, Tensor]:
        """Conditions [N, words of all columns], one word each, and rows of the batch that have them, [N, D].

        chance: [N, 3] in [0, 1): which column, which word, which of the rows. A word that no row of the batch has is
        replaced by that of the row at the same place.
        """
        kind = modes.kind
        columns = [column for column, count in enumerate(kind.counts) if count]
        if not columns:
            return records[:, :0], records
        which = (chance[:, 0] * len(columns)).long().clamp_max(len(columns) - 1)
        starts = torch.tensor([0, *kind.counts], device=records.device).cumsum(0)
        total = sum(kind.counts)
        hot, chosen = records.new_zeros(len(records), total), torch.arange(len(records), device=records.device)
        for number, column in enumerate(columns):
            start, count = int(starts[column]), kind.counts[column]
            share = (modes.frequencies[start : start + count] + 1).log().cumsum(0)
            word = (share < chance[:, 1:2] * share[-1]).sum(1).clamp_max(count - 1)  # [N]
            own = kind.places(records, column)
            fits = (own[None] == word[:, None]).float()  # [N, N]
            among = fits.sum(1)
            place = (fits.cumsum(1) <= (chance[:, 2] * among).floor()[:, None]).sum(1).clamp_max(len(records) - 1)
            there, here = among > 0, which == number
            word = torch.where(there, word, own)
            chosen = torch.where(here & there, place, chosen)
            hot += F.one_hot(start + word, total) * here[:, None]
        return hot, records[chosen]

    def made(self, nets: nn.Module, latents: Tensor) -> Tensor:
        modes: Any = nets.get_submodule("modes")
        condition = self._usual(modes, evenly(latents[:, self.latent : self.latent + 2]))
        return self._values(nets, latents, condition)[0]

    def _usual(self, modes: ColumnModes, chance: Tensor) -> Tensor:
        """Conditions as often as they are in the data: a column at random, and a word by its frequency."""
        counts = [count for count in modes.kind.counts if count]
        total = sum(counts)
        hot = chance.new_zeros(len(chance), total)
        which, start = (chance[:, 0] * len(counts)).long(), 0
        for number, count in enumerate(counts):
            share = modes.frequencies[start : start + count].cumsum(0)
            word = (share < chance[:, 1:2] * share[-1]).sum(1).clamp_max(count - 1)
            hot += F.one_hot(start + word, total) * (which == number)[:, None]
            start += count
        return hot

    def _values(self, nets: nn.Module, latents: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """What the generator makes of latents, as the critic sees it, and its logits.  [N, width] twice"""
        modes: Any = nets.get_submodule("modes")
        logits = modes.present(nets.get_submodule("generator")(torch.cat([latents[:, : self.latent], condition], 1)))
        noise, parts, place = gumbel(latents[:, self.latent + 2 :]), [], 0
        for length, choice in modes.spans:
            part = logits[:, place : place + length]
            drawn = (part + noise[:, place : place + length]) / self.temperature
            parts.append(drawn.softmax(1) if choice else part.tanh())
            place += length
        return torch.cat(parts, 1), logits

    def _unmet(self, modes: ColumnModes, logits: Tensor, condition: Tensor) -> Tensor:
        """The cross-entropy of the words that were asked for, mean over rows."""
        total, place, start = logits.new_zeros(len(logits)), 0, 0
        for count in modes.kind.counts:
            if count:
                asked_for = condition[:, start : start + count]
                total = total - (asked_for * logits[:, place : place + count].log_softmax(1)).sum(1)
                start += count
            place += count or 1 + modes.means.shape[1]
        return total.mean()


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "small": {"generator_widths": (64, 64), "critic_widths": (64, 64), "batch": 200},  # for a processor
}

PROOF = Proof(
    claim="Rows that a CTGAN makes have columns that go together as those of real rows do, which columns drawn each by"
    " itself do not.",
    data="world:register",
    measure="columns-together",
    share=0.6,
    settings={
        "examples": 3_600_000,
        "batch": 500,
        "generator_widths": (128, 128),
        "critic_widths": (128, 128),
        "ema_images": 100_000.0,
        "latent": 32,
        "lr": 5e-4,
        "held_out": 0.2,
    },
)
