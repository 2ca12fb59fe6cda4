"""State spaces whose decay depends on what is read: Mamba-2's, whose decay is one number a head, and Mamba's.

Dao & Gu 2024, arXiv:2405.21060, sections 6 and 7; Gu & Dao 2023, arXiv:2312.00752, section 3.
"""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_EPSILON = 1e-5


def between(logs: Tensor) -> Tensor:
    """[..., T] -> [..., T, T]: the sum of the logs after place j up to place i, and minus infinity above the diagonal.

    Each sum is made by itself and not as a difference of two long ones, which would lose what is small.
    """
    length = logs.shape[-1]
    lower = torch.ones(length, length, dtype=torch.bool, device=logs.device).tril()
    spread = logs[..., None].expand(*logs.shape, length).masked_fill(~lower.tril(-1), 0)
    return spread.cumsum(-2).masked_fill(~lower, -torch.inf)


def ssd(
    input: Tensor, decay: Tensor, write: Tensor, read: Tensor, chunk: int, state: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """h_t = exp(decay_t) h_{t-1} + input_t write_t', y_t = h_t read_t, in chunks: within one by matrices, as attention
    is, and from one to the next by a step.

    input: [N, T, heads, P]. decay: logarithms, [N, T, heads]. write, read: [N, T, heads, S]. chunk: places of a chunk;
    T may be any. state: h before the first place, [N, heads, P, S]; None for zeros. Returns y, [N, T, heads, P], and h
    after the last place. Source: Dao & Gu 2024, listing 1.
    """
    length = input.shape[1]
    rest = -length % chunk
    cut = [F.pad(each, (0, 0) * (each.dim() - 2) + (0, rest)) for each in (input, decay, write, read)]
    x, a, b, c = (each.unflatten(1, (-1, chunk)) for each in cut)  # [N, chunks, chunk, heads, ...]
    within = between(a.transpose(2, 3)).exp()  # [N, chunks, heads, chunk, chunk]
    inside = torch.einsum("nglhs,ngmhs,nghlm,ngmhp->nglhp", c, b, within, x)
    reached = a.cumsum(2)
    left = (reached[:, :, -1:] - reached).exp()  # of each place's input, at the end of its chunk
    added = torch.einsum("ngmhs,ngmh,ngmhp->nghps", b, left, x)
    whole = reached[:, :, -1].exp()  # [N, chunks, heads]
    hidden = input.new_zeros(len(input), input.shape[2], input.shape[3], write.shape[3]) if state is None else state
    before = []
    for number in range(x.shape[1]):
        before.append(hidden)
        hidden = whole[:, number, :, None, None] * hidden + added[:, number]
    across = torch.einsum("nglhs,nghps,nglh->nglhp", c, torch.stack(before, 1), reached.exp())
    return (inside + across).flatten(1, 2)[:, :length], hidden


def ssd_step(input: Tensor, decay: Tensor, write: Tensor, read: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """One place of `ssd`: [N, heads, P], [N, heads], [N, heads, S] twice and h -> y [N, heads, P] and the next h."""
    state = decay.exp()[..., None, None] * state + input[..., None] * write[..., None, :]
    return torch.einsum("nhps,nhs->nhp", state, read), state


@final
class Mamba2Mixer(nn.Module):
    """[N, T, width] -> [N, T, width], each place from those up to it.

    inner: `expand` times the width, in heads of `head` numbers. state: numbers that each of them keeps. window: places
    that the convolution before sees.
    """

    def __init__(self, width: int, *, state: int, head: int, expand: int = 2, window: int = 4, chunk: int = 64) -> None:
        super().__init__()
        self.inner, self.state, self.head, self.window, self.chunk = expand * width, state, head, window, chunk
        heads = self.inner // head
        self.input = nn.Linear(width, 2 * self.inner + 2 * state + heads, bias=False)
        self.convolution = nn.Conv1d(
            self.inner + 2 * state, self.inner + 2 * state, window, groups=self.inner + 2 * state
        )
        step = torch.exp(torch.rand(heads) * (math.log(0.1) - math.log(1e-3)) + math.log(1e-3))
        self.step_bias = nn.Parameter(step + torch.log(-torch.expm1(-step)))  # softplus of it is the step
        self.log_decay = nn.Parameter(torch.empty(heads).uniform_(1, 16).log())
        self.skip = nn.Parameter(torch.ones(heads))
        self.norm = nn.RMSNorm(self.inner, eps=_EPSILON)
        self.out = nn.Linear(self.inner, width, bias=False)

    def forward(self, hidden: Tensor) -> Tensor:
        gate, signal, step = self._parts(self.input(hidden))
        padded = F.pad(signal.transpose(1, 2), (self.window - 1, 0))
        x, write, read, step = self._signals(F.silu(self.convolution(padded)).transpose(1, 2), step)
        output, _ = ssd(x * step[..., None], -self.log_decay.exp() * step, write, read, self.chunk)
        return self._gated(output + self.skip[:, None] * x, gate)

    def begin(self, n: int) -> tuple[Tensor, Tensor]:
        """What `step` goes on from before the first place: the last signals and the state."""
        weight = self.out.weight
        heads = self.inner // self.head
        signals = torch.zeros(n, self.inner + 2 * self.state, self.window - 1, device=weight.device, dtype=weight.dtype)
        return signals, signals.new_zeros(n, heads, self.head, self.state)

    def step(self, hidden: Tensor, before: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """One place [N, width] -> what `forward` makes of it, and what the next place goes on from."""
        gate, signal, step = self._parts(self.input(hidden))
        signals = torch.cat((before[0], signal[..., None]), 2)
        x, write, read, step = self._signals(F.silu(self.convolution(signals))[..., 0], step)
        output, state = ssd_step(x * step[..., None], -self.log_decay.exp() * step, write, read, before[1])
        return self._gated(output + self.skip[:, None] * x, gate), (signals[..., 1:], state)

    def _parts(self, projected: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        heads = self.inner // self.head
        gate, signal, step = projected.split((self.inner, self.inner + 2 * self.state, heads), -1)
        return gate, signal, F.softplus(step + self.step_bias)

    def _signals(self, signal: Tensor, step: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """By head: input, what is written and read, which is the same for all heads, and the step."""
        x, write, read = signal.split((self.inner, self.state, self.state), -1)
        by_head = x.unflatten(-1, (-1, self.head))
        shape = (*by_head.shape[:-1], self.state)
        return by_head, write[..., None, :].expand(shape), read[..., None, :].expand(shape), step

    def _gated(self, output: Tensor, gate: Tensor) -> Tensor:
        mixed: Tensor = self.out(self.norm(output.flatten(-2) * F.silu(gate)))
        return mixed


def scan(decay: Tensor, input: Tensor) -> Tensor:
    """h_t = decay_t h_{t-1} + input_t over axis 1, all places at once in log2 T rounds; decay in [0, 1].

    decay, input: [N, T, ...]. Returns h of every place. Source: Hillis & Steele 1986, doi:10.1145/7902.7903.
    """
    reach = 1
    while reach < input.shape[1]:
        input = torch.cat((input[:, :reach], input[:, reach:] + decay[:, reach:] * input[:, :-reach]), 1)
        decay = torch.cat((decay[:, :reach], decay[:, reach:] * decay[:, :-reach]), 1)
        reach *= 2
    return input


@final
class SelectiveBranch(nn.Module):
    """Mamba's own state space of one direction: [N, T, inner] -> [N, T, inner], each place from those up to it.

    state: numbers that each of the `inner` keeps. rank: of the matrix that makes the steps. window: places that the
    convolution before sees.
    """

    def __init__(self, inner: int, state: int, rank: int, window: int = 4) -> None:
        super().__init__()
        self.state, self.rank, self.window = state, rank, window
        self.convolution = nn.Conv1d(inner, inner, window, groups=inner)
        self.parts = nn.Linear(inner, rank + 2 * state, bias=False)
        self.steps = nn.Linear(rank, inner)
        with torch.no_grad():
            nn.init.uniform_(self.steps.weight, -(rank**-0.5), rank**-0.5)
            step = torch.exp(torch.rand(inner) * (math.log(0.1) - math.log(1e-3)) + math.log(1e-3))
            self.steps.bias.copy_(step + torch.log(-torch.expm1(-step)))
        # one axis, so that the decay of weights leaves it alone: [inner x state]
        self.log_decay = nn.Parameter(torch.arange(1, state + 1, dtype=torch.float32).log().repeat(inner))
        self.skip = nn.Parameter(torch.ones(inner))

    def forward(self, signal: Tensor) -> Tensor:
        padded = F.pad(signal.transpose(1, 2), (self.window - 1, 0))
        x = F.silu(self.convolution(padded)).transpose(1, 2)
        step, write, read = self.parts(x).split((self.rank, self.state, self.state), 2)
        return selective_scan(
            x, F.softplus(self.steps(step)), -self.log_decay.exp().view(-1, self.state), write, read, self.skip
        )


def selective_scan(x: Tensor, step: Tensor, decay: Tensor, write: Tensor, read: Tensor, skip: Tensor) -> Tensor:
    """h_t = exp(step_t decay) h_{t-1} + step_t x_t write_t, y_t = h_t read_t + skip x_t: arXiv:2312.00752, algorithm 2.

    x, step: [N, T, D]. decay: [D, S], below 0. write, read: [N, T, S]. skip: [D]. Returns [N, T, D].
    """
    kept = (step[..., None] * decay).exp()
    hidden = scan(kept, (step * x)[..., None] * write[:, :, None])
    return torch.einsum("ntds,nts->ntd", hidden, read) + skip * x
