"""Sequences of tokens, each drawn from the distribution that those before it leave: texts, and series on levels.

log p(x) = sum over t of log p(x_t | x_1 ... x_{t-1}) is exact. Making one is a map from noise all the same: a latent is
one uniform number for each token, and the inverse of each distribution function turns it into a token. So sequence i
depends on (seed, i) alone.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from saddlepoint.data.batches import Batch, TextBatch
from saddlepoint.keyed import normal_rows
from saddlepoint.kinds.kind import Kind
from saddlepoint.methods.abilities import AS_TRAINED, PixelsAs, Sampling
from saddlepoint.methods.base import Clock, Draw, Method, Moves, Networks, Update
from saddlepoint.methods.families.sampled import inverse

Stepper = Callable[[Tensor | None], Tensor]
"""the token before, [N] int64, and None for the first -> logits of the next, [N, K]; called once for each in order"""
_AT_ONCE = 256  # sequences whose likelihood is worked out at once


@dataclass(frozen=True, kw_only=True)
class Sequential(Method, ABC):
    """A method whose network `network` states the distribution of each token given those before it.

    The network has attributes `length`, of the sequences that it was trained on, and `ends`: whether token 0 ends a
    sequence, and what follows it says nothing.
    """

    takes: ClassVar[type[Batch]] = TextBatch
    compiles: ClassVar[tuple[str, ...]] = ("network",)

    @abstractmethod
    def logits(self, nets: nn.Module, tokens: Tensor, given: Mapping[str, Tensor]) -> Tensor:
        """Of every token, given those before it: [N, L] int64 -> [N, L, K]. Logits t do not depend on token t or later.

        given: what else the distribution depends on, by field.
        """

    @abstractmethod
    def stepper(self, nets: nn.Module, n: int, given: Mapping[str, Tensor]) -> Stepper:
        """Goes through `n` new sequences step by step, with what earlier steps have computed kept."""

    def tokens(self, batch: Any) -> Tensor:
        """The sequences of a batch.  [N, L] int64"""
        text: Tensor = batch.text
        return text

    def given(self, batch: Any) -> Mapping[str, Tensor]:
        """What else is given in a batch, by field."""
        return {}

    def log_probabilities(self, nets: nn.Module, tokens: Tensor, given: Mapping[str, Tensor]) -> Tensor:
        """log p of each token given those before it, in nats; 0 of what follows the end of a text.  [N, L]"""
        logits = self.logits(nets, tokens, given).float()
        logs = -nn.functional.cross_entropy(logits.transpose(1, 2), tokens, reduction="none")
        return logs * said(tokens) if _network(nets).ends else logs

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        batch = draw()
        tokens = self.tokens(batch)
        nats = -self.log_probabilities(nets, tokens, self.given(batch)).sum(1).mean() / tokens.shape[1]
        yield Update("network", {"nats": nats}, watch={"bits": nats.detach() / math.log(2)})

    # -- what a trained one can do ------------------------------------------------------------------------------------

    def latents(self, nets: nn.Module, n: int, seed: int, first: int = 0) -> Tensor:
        """[n, L] float32 on the CPU, even over [0, 1); latent i depends on (seed, i) alone."""
        return (normal_rows(n, _network(nets).length, seed, uniform=True, first=first) + 1) / 2

    def conditions(self, nets: nn.Module) -> Mapping[str, Kind]:
        """Nothing."""
        return {}

    @torch.no_grad()
    def generate(self, nets: nn.Module, latents: Tensor, how: Sampling = AS_TRAINED) -> Tensor:
        """Tokens [n, L], int64; row i depends on latent i and on what is given for it alone.

        A temperature under 1 makes likely tokens likelier still; 0 takes the likeliest. A `prompt` [n, at most L], up
        to its end, stays as it is, and the rest follows it.
        """
        step = self.stepper(nets, len(latents), how.given)
        prompt = how.given.get("prompt", latents.new_zeros(len(latents), 0)).long()
        known = nn.functional.pad(prompt, (0, latents.shape[1] - prompt.shape[1]))
        kept = (known != 0).cummin(1).values
        tokens = torch.zeros(latents.shape, dtype=torch.long, device=latents.device)
        over = torch.zeros(len(latents), dtype=torch.bool, device=latents.device)
        for time in range(latents.shape[1]):
            logits = step(tokens[:, time - 1] if time else None).float()
            chosen = inverse(likeliest(logits, how.top_k, how.top_p), latents[:, time], how.temperature)
            chosen = torch.where(kept[:, time], known[:, time], chosen)
            tokens[:, time] = chosen.masked_fill(over, 0)
            if _network(nets).ends:
                over = over | (chosen == 0)
                if bool(over.all()):
                    break
        return tokens


@dataclass(frozen=True, kw_only=True)
class SequentialDensity(Sequential, ABC):
    """One whose sequences have a probability by themselves, whatever else is given."""

    exact: ClassVar[bool] = True
    pixels_as: ClassVar[PixelsAs] = "tokens"

    @torch.no_grad()
    def log_likelihood(self, nets: nn.Module, images: Tensor, samples: int, seed: int) -> Tensor:
        """The exact log-probability of each sequence in nats, [n]; neither `samples` nor `seed` changes it."""
        tokens = images.long()
        parts = tokens.split(_AT_ONCE)
        return torch.cat([self.log_probabilities(nets, part, {}).sum(1) for part in parts])


def likeliest(logits: Tensor, top_k: int = 0, top_p: float = 1.0) -> Tensor:
    """Logits [N, K] with those of less likely tokens at minus infinity; the likeliest one always stays.

    top_k: how many stay, 0 for all. top_p: the fewest stay whose probabilities, before any temperature, sum to at least
    this (Holtzman et al. 2020, arXiv:1904.09751, section 3.1). Of tokens equally likely the first ones stay.
    """
    if not top_k and top_p >= 1:
        return logits
    order = logits.argsort(dim=1, descending=True, stable=True)
    shares = logits.gather(1, order).softmax(1)
    before = shares.cumsum(1) - shares
    out = before >= top_p
    if top_k:
        out[:, top_k:] = True
    out[:, 0] = False
    return logits.masked_fill(torch.zeros_like(out).scatter(1, order, out), -torch.inf)


def said(tokens: Tensor) -> Tensor:
    """Which tokens are part of a text: all up to the last one that is not 0, and one end after it.  [N, L] bool"""
    places = torch.arange(tokens.shape[1], device=tokens.device)
    last = torch.where(tokens != 0, places + 1, 0).amax(1, keepdim=True)
    return places <= last


def _network(nets: nn.Module) -> Any:
    return nets.get_submodule("network")
