"""WaveNet: sound step by step, by dilated convolutions over the past. van den Oord et al. 2016, arXiv:1609.03499, 2.

Paper  here
mu-law the coding of numbers in [-1, 1] as levels: section 2.2
z      tanh(W_f * x) sigmoid(W_g * x): the gate of a block, eq. 2
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, final

from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.config import Count, Positive, Range, Width
from saddlepoint.data.batches import DataSpec, SeriesBatch
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.series import Series
from saddlepoint.methods.abilities import AS_TRAINED, Sampling
from saddlepoint.methods.base import Adam, Networks, Optim, Proof
from saddlepoint.methods.families.sequential import SequentialDensity, Stepper
from saddlepoint.nn.layers.causal import CausalConv1d, receptive_field
from saddlepoint.nn.layers.mu_law import Coding, levels_of, values_of

_LEVELS = Annotated[int, Range(2, 65_536)]


@final
@dataclass(frozen=True, kw_only=True)
class WaveNet(SequentialDensity):
    """A stack of dilated causal convolutions that states each step's level given all before it."""

    takes = SeriesBatch

    levels: _LEVELS = 256
    """levels that a number is rounded to"""
    coding: Coding = "mu-law"
    """how levels lie: finer near 0, as is good for sound, or evenly"""
    kernel: Annotated[int, Range(2, 64)] = 2
    """steps that each convolution sees"""
    dilations: tuple[Count, ...] = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
    """distances between these steps, a block each"""
    rounds: Count = 5
    """how often the row of dilations is gone through"""
    width: Width = 32
    """channels of the blocks"""
    skip: Width = 512
    """channels that every block adds to for the output"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""

    def networks(self, data: DataSpec) -> Networks:
        series = data.fields["series"]
        assert isinstance(series, Series)
        if series.channels != 1:
            raise ConfigError(f"wavenet makes series of one number a step; the data has {series.channels}: choose one.")
        network = _Network(series.steps, self.levels, self.kernel, self.dilations * self.rounds, self.width, self.skip)
        return Networks(network=network)

    def optimisers(self) -> Mapping[str, Optim]:
        return {"network": Adam("network", lr=self.lr, eps=1e-4)}

    def tokens(self, batch: Any) -> Tensor:
        """The levels of the steps.  [N, T] int64"""
        return levels_of(batch.series[:, :, 0], self.levels, self.coding)

    def logits(self, nets: nn.Module, tokens: Tensor, given: Mapping[str, Tensor]) -> Tensor:
        """[N, T] -> [N, T, levels]"""
        logits: Tensor = nets.get_submodule("network")(tokens)
        return logits

    def stepper(self, nets: nn.Module, n: int, given: Mapping[str, Tensor]) -> Stepper:
        """With a queue of the past in every layer."""
        network = nets.get_submodule("network")
        assert isinstance(network, _Network)
        return network.stepper(n)

    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Series [n, T, 1] in [-1, 1], on the levels; see `Sequential`."""
        return values_of(super().generate(nets, latents, how), self.levels, self.coding)[:, :, None]

    def log_likelihood(self, nets: nn.Module, images: Tensor, samples: int, seed: int) -> Tensor:
        """The exact log-probability of the levels of each series [n, T, 1] in nats, [n]."""
        return super().log_likelihood(nets, levels_of(images[:, :, 0], self.levels, self.coding), samples, seed)


@final
class _Network(nn.Module):
    """Levels [N, T] int64 -> logits [N, T, levels] of each step given those before it."""

    ends = False

    def __init__(
        self, length: int, levels: int, kernel: int, dilations: tuple[int, ...], width: int, skip: int
    ) -> None:
        super().__init__()
        self.length, self.levels, self.width = length, levels, width
        self.sees = receptive_field(kernel, (1, *dilations))
        self.first = CausalConv1d(levels, width, kernel)
        self.gates = nn.ModuleList(CausalConv1d(width, 2 * width, kernel, dilation) for dilation in dilations)
        self.onward = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in dilations[1:])  # of the last nobody takes it
        self.out = nn.ModuleList(nn.Conv1d(width, skip, 1) for _ in dilations)
        self.head = nn.Sequential(nn.ReLU(), nn.Conv1d(skip, skip, 1), nn.ReLU(), nn.Conv1d(skip, levels, 1))
        for layer in self.modules():
            if isinstance(layer, nn.Conv1d):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias) if layer.bias is not None else None

    def forward(self, tokens: Tensor) -> Tensor:
        return self.of_vectors(F.one_hot(tokens, self.levels).to(self.first.weight.dtype).transpose(1, 2))

    def of_vectors(self, steps: Tensor) -> Tensor:
        """One-hot steps [N, levels, T] -> logits [N, T, levels]; moved by one, so that no step sees itself."""
        hidden = self.first(F.pad(steps, (1, 0))[:, :, :-1])
        total: Tensor | float = 0.0
        for number, (gate, out) in enumerate(zip(self.gates, self.out)):
            content, opening = gate(hidden).chunk(2, 1)
            gated = content.tanh() * opening.sigmoid()
            total = total + out(gated)
            if number < len(self.onward):
                hidden = hidden + self.onward[number](gated)
        logits: Tensor = self.head(total)
        return logits.transpose(1, 2)

    def stepper(self, n: int) -> Stepper:
        """See `Sequential.stepper`."""
        first: Any = self.first
        gates: list[Any] = list(self.gates)
        queues = [layer.queue(n) for layer in (first, *gates)]
        time = 0

        def step(before: Tensor | None) -> Tensor:
            nonlocal time
            vector = first.weight.new_zeros(n, self.levels)
            if before is not None:
                vector.scatter_(1, before[:, None], 1.0)
            hidden = first.step(vector, queues[0], time)
            total: Tensor | float = 0.0
            for number, (gate, out) in enumerate(zip(gates, self.out)):
                content, opening = gate.step(hidden, queues[number + 1], time).chunk(2, 1)
                gated = (content.tanh() * opening.sigmoid())[:, :, None]
                total = total + out(gated)
                if number < len(self.onward):
                    hidden = hidden + self.onward[number](gated)[:, :, 0]
            time += 1
            logits: Tensor = self.head(total)[:, :, 0]
            return logits

        return step


# Settings by preset, with where each comes from.
PRESETS: dict[str, dict[str, Any]] = {
    "sound": {  # github.com/ibab/tensorflow-wavenet: wavenet_params.json and train.py
        "window": 100_000,
        "batch": 1,
    },
    "small": {"dilations": (1, 2, 4, 8, 16), "rounds": 1, "width": 32, "skip": 64, "batch": 16},
}

PROOF = Proof(
    claim="WaveNet learns that each step depends on the one sixteen steps before it, which no short context shows.",
    data="world:lag",
    measure="series-nats",
    difference=0.6,
    bars={"gap": 0.05},
    settings={
        "examples": 10_000,
        "batch": 16,
        "held_out": 0.1,
        "levels": 32,
        "coding": "even",
        "dilations": (1, 2, 4, 8, 16),
        "rounds": 1,
        "width": 24,
        "skip": 32,
        "lr": 5e-3,
    },
)
