"""TimeGAN: series from noise, by a game in a space that an autoencoder has learnt and with a step ahead as a teacher.
Yoon, Jarrett & van der Schaar 2019, NeurIPS, section 4; code: github.com/jsyoon0823/TimeGAN; GRU: arXiv:1406.1078.

Paper         here
e, r          embedder, recovery: series to hidden ones and back
g, s, d       generator, supervisor (hidden ones a step on), critic
L_R, L_S, L_U "made_again", "step", the others of the game
gamma, eta    1 and 10, as in the authors' code, whose other weights are 100, 10 and .1

Three stages follow one another: the autoencoder alone, the step ahead alone, and all together. The moments of each
channel, which the authors' code compares as well, are in the third.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Layers, Positive, Width
from saddlepoint.data.batches import DataSpec, SeriesBatch
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.series import Series
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Clock, Draw, Method, Moves, Networks, Optim, Proof, Stage, Update

_ENOUGH = 0.15
"""loss under which the critic rests, as in the authors' code"""


@final
@dataclass(frozen=True, kw_only=True)
class TimeGAN(Method):
    """Recurrent networks over hidden series with numbers from 0 to 1."""

    takes = SeriesBatch
    batch_statistics = True
    compiles = ()
    prior: Literal["uniform"] = "uniform"
    """distribution of the noise of each step: even over [-1, 1]"""
    width: Width = 24
    """numbers of a hidden step"""
    layers: Layers = 3
    """recurrent layers of each network; the supervisor has one less"""
    embedding_examples: Count = 6_400_000
    """series shown while the autoencoder learns alone"""
    step_examples: Count = 6_400_000
    """series shown then, while the step ahead is learnt alone"""
    lr: Positive = 1e-3
    """learning rate of all (Adam)"""

    def networks(self, data: DataSpec) -> Networks:
        series = data.fields["series"]
        assert isinstance(series, Series)
        channels, width = series.channels, self.width
        return Networks(
            embedder=_Recurrent(channels, width, self.layers, width),
            recovery=_Recurrent(width, width, self.layers, channels),
            generator=_Generator(series.steps, channels, width, self.layers),
            supervisor=_Recurrent(width, width, max(1, self.layers - 1), width),
            critic=_Recurrent(width, width, self.layers, 1, bounded=False),
        )

    def optimisers(self) -> Mapping[str, Optim]:
        return {
            "autoencoder": Adam("embedder", "recovery", lr=self.lr),
            "generator": Adam("generator", "supervisor", lr=self.lr),
            "critic": Adam("critic", lr=self.lr),
        }

    def stages(self) -> tuple[Stage, ...]:
        return (Stage(examples=self.embedding_examples), Stage(examples=self.step_examples), Stage())

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        if clock.stage == 0:
            yield Update("autoencoder", {"made_again": self._made_again(nets, _unit(draw().series))})
            return
        if clock.stage == 1:
            with torch.no_grad():
                hidden = nets.embedder(_unit(draw().series))
            yield Update("generator", {"step": self._step(nets, hidden)})
            return
        for _ in range(2):
            real = _unit(draw().series)
            with torch.no_grad():
                hidden = nets.embedder(real)
            raw = nets.generator(self._noise(nets, draw, len(real)))
            ahead = nets.supervisor(raw)
            series = nets.recovery(ahead)
            losses = {
                "fooled": _towards(nets.critic(ahead), 1.0),
                "fooled_raw": _towards(nets.critic(raw), 1.0),
                "step": 100 * (self._step(nets, hidden) + 1e-12).sqrt(),
                "moments": 100 * moments_apart(series, real),
            }
            yield Update("generator", losses)
            hidden = nets.embedder(real)
            again = self._made_again(nets, real, hidden) + 0.1 * self._step(nets, hidden)
            yield Update("autoencoder", {"made_again": again})
        real = _unit(draw().series)
        with torch.no_grad():
            hidden, raw = nets.embedder(real), nets.generator(self._noise(nets, draw, len(real)))
            ahead = nets.supervisor(raw)
        parts = {
            "real": _towards(nets.critic(hidden), 1.0),
            "fake": _towards(nets.critic(ahead), 0.0),
            "fake_raw": _towards(nets.critic(raw), 0.0),
        }
        learns = (sum(part.detach() for part in parts.values()) > _ENOUGH).float()  # type: ignore[union-attr]
        yield Update("critic", {name: part * learns for name, part in parts.items()})

    def _made_again(self, nets: Networks, real: Tensor, hidden: Tensor | None = None) -> Tensor:
        again = nets.recovery(nets.embedder(real) if hidden is None else hidden)
        return 10 * (F.mse_loss(again, real) + 1e-12).sqrt()

    def _step(self, nets: Networks, hidden: Tensor) -> Tensor:
        """How far the supervisor is from the next hidden step."""
        return F.mse_loss(nets.supervisor(hidden)[:, :-1], hidden[:, 1:])

    def _noise(self, nets: Networks, draw: Draw, n: int) -> Tensor:
        return 2 * draw.uniform(n, nets.generator.steps, nets.generator.channels) - 1

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, T, C] float32 on the CPU, even over [-1, 1); latent i depends on (seed, i) alone."""
        generator = _generator(nets)
        rows = normal_rows(n, generator.steps * generator.channels, seed, uniform=True, first=first)
        return rows.view(n, generator.steps, generator.channels)

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """Nothing."""
        return {}

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Series [n, T, C] in [-1, 1]; row i depends on latent i alone."""
        raw = _generator(nets)(latents)
        series: Tensor = nets.get_submodule("recovery")(nets.get_submodule("supervisor")(raw))
        return series.float() * 2 - 1


@final
class _Recurrent(nn.Module):
    """[N, T, inputs] -> [N, T, outputs], each step from those up to it; from 0 to 1 where it is bounded."""

    def __init__(self, inputs: int, width: int, layers: int, outputs: int, *, bounded: bool = True) -> None:
        super().__init__()
        self.layers = nn.GRU(inputs, width, layers, batch_first=True)
        self.out, self.bounded = nn.Linear(width, outputs), bounded

    def forward(self, series: Tensor) -> Tensor:
        values: Tensor = self.out(self.layers(series)[0])
        return values.sigmoid() if self.bounded else values


@final
class _Generator(nn.Module):
    """Noise [N, T, C] from -1 to 1 -> hidden series [N, T, width]."""

    def __init__(self, steps: int, channels: int, width: int, layers: int) -> None:
        super().__init__()
        self.steps, self.channels = steps, channels
        self.network = _Recurrent(channels, width, layers, width)

    def forward(self, noise: Tensor) -> Tensor:
        hidden: Tensor = self.network((noise + 1) / 2)
        return hidden


def moments_apart(fake: Tensor, real: Tensor) -> Tensor:
    """How far the deviation and the mean of each step and channel over the batch are apart, mean of both.  []"""
    spread = [(each.var(0, unbiased=False) + 1e-6).sqrt() for each in (fake, real)]
    return (spread[0] - spread[1]).abs().mean() + (fake.mean(0) - real.mean(0)).abs().mean()


def _unit(series: Tensor) -> Tensor:
    """From [-1, 1] to [0, 1]."""
    return (series + 1) / 2


def _towards(logits: Tensor, target: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def _generator(nets: nn.Module) -> _Generator:
    generator = nets.get_submodule("generator")
    assert isinstance(generator, _Generator)
    return generator


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"window": 24, "batch": 128, "examples": 19_200_000},  # the authors' code: 50,000 steps of each stage
}

PROOF = Proof(
    claim="A predictor that learns from TimeGAN's series alone foresees real ones far better than one that learns from"
    " an autoregression of the same mean, spread and step.",
    data="world:sines",
    measure="foresight",
    share=0.7,
    settings={
        "examples": 64_000,
        "batch": 64,
        "held_out": 0.1,
        "width": 16,
        "layers": 1,
        "embedding_examples": 19_200,
        "step_examples": 12_800,
        "lr": 3e-3,
    },
)
