"""Networks that read a text token by token and keep a state: what plain recurrent and LSTM language models share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

import torch
from torch import Tensor, nn

from saddlepoint.config import Decay, Layers, Positive, Width
from saddlepoint.data.batches import DataSpec
from saddlepoint.kinds.kind import Kind
from saddlepoint.kinds.tokens import Tokens
from saddlepoint.methods.base import Adam, Networks, Optim
from saddlepoint.methods.families.sequential import SequentialDensity, Stepper
from saddlepoint.nn.full_precision import in_full


@dataclass(frozen=True, kw_only=True)
class Recurrent(SequentialDensity, ABC):
    """A method whose network is an embedding, torch's recurrent layers, and a linear layer to the next token."""

    compiles: ClassVar[tuple[str, ...]] = ()

    layers: Layers = 1
    """recurrent layers, one above the other"""
    width: Width = 256
    """numbers of a state"""
    dropout: Decay = 0.0
    """share of numbers that are left out between layers in training"""
    lr: Positive = 1e-3
    """learning rate (Adam)"""
    clip: Positive = 1.0
    """longest gradient: a longer one is scaled down to this length"""

    @abstractmethod
    def recurrent(self) -> nn.RNNBase:
        """The recurrent layers, `width` numbers in and out, batch first."""

    def networks(self, data: DataSpec) -> Networks:
        text = data.fields["text"]
        assert isinstance(text, Tokens)
        return Networks(network=_Network(text, self.recurrent()))

    def optimisers(self) -> Mapping[str, Optim]:
        return {"network": Adam("network", lr=self.lr, clip=self.clip)}

    def logits(self, nets: nn.Module, tokens: Tensor, given: Mapping[str, Tensor]) -> Tensor:
        """[N, L] -> [N, L, K]; L may be any."""
        logits: Tensor = _network(nets)(tokens)
        return logits

    def stepper(self, nets: nn.Module, n: int, given: Mapping[str, Tensor]) -> Stepper:
        """With the state of the step before."""
        return _network(nets).stepper(n)

    def completions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """A prompt, which the text goes on from."""
        network = _network(nets)
        return {"prompt": Tokens(network.length, tuple(map(str, range(network.pieces))))} if network.ends else {}


@final
class _Network(nn.Module):
    """Tokens [N, L] int64 -> logits [N, L, K] of each given those before it."""

    def __init__(self, text: Tokens, recurrent: nn.RNNBase) -> None:
        super().__init__()
        self.length, self.pieces, self.ends = text.length, text.vocabulary, text.way != "numbers"
        self.tokens = nn.Embedding(self.pieces + 1, recurrent.input_size)  # the last one stands before the first token
        self.recurrent = recurrent
        self.head = nn.Linear(recurrent.hidden_size, self.pieces)

    def forward(self, tokens: Tensor) -> Tensor:
        start = torch.full_like(tokens[:, :1], self.pieces)
        states, _ = self.states(self.tokens(torch.cat((start, tokens[:, :-1]), 1)))
        logits: Tensor = self.head(states)
        return logits

    @in_full  # torch has bf16 for them on some processors alone
    def states(self, tokens: Tensor, state: Any = None) -> Any:
        """What torch's layers give: the states after each token's numbers [N, L, width], and how to go on."""
        return self.recurrent(tokens, state)

    def stepper(self, n: int) -> Stepper:
        """See `Sequential.stepper`."""
        start = torch.full((n,), self.pieces, device=self.head.weight.device)
        state: Any = None

        def step(before: Tensor | None) -> Tensor:
            nonlocal state
            output, state = self.states(self.tokens(start if before is None else before)[:, None], state)
            logits: Tensor = self.head(output[:, 0])
            return logits

        return step


def _network(nets: nn.Module) -> _Network:
    network = nets.get_submodule("network")
    assert isinstance(network, _Network)
    return network
