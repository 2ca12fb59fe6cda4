"""Layers that can be undone and know how they change volume: what normalising flows are built of.

`forward(x)` gives (y, log-det): y and the log of the absolute determinant of its Jacobian, in nats for each example.
`inverse(y)` gives (x, log-det), of the inverse itself: minus that of forward at x. Vectors are [N, D], images
[N, C, H, W]; channels are the second axis of both.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Scale = Literal["none", "tanh", "sigmoid"]
"""what a coupling multiplies by: 1; exp of a learned gain times tanh (RealNVP); a sigmoid (Glow)"""
_LEAST_SCALE = 1e-3
"""of a sigmoid scale, which the inverse divides by: without it a sample can overflow"""
_FLAT = 1e-6
"""deviation under which a channel counts as constant and is not scaled"""
Changed = tuple[Tensor, Tensor]
"""what came of x, and the log-determinants [N]"""


class Invertible(nn.Module, ABC):
    """A layer that can be undone."""

    @abstractmethod
    def forward(self, x: Tensor) -> Changed:
        """[N, ...] -> y [N, ...] of as many numbers, and log |det dy/dx| [N]"""

    @abstractmethod
    def inverse(self, y: Tensor) -> Changed:
        """The x that `forward` makes y of, and log |det dx/dy| [N]"""


@final
class Chain(Invertible):
    """Layers one after the other."""

    def __init__(self, layers: Sequence[Invertible]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Changed:
        total = x.new_zeros(len(x))
        for layer in self.layers:
            x, log_det = layer(x)
            total = total + log_det
        return x, total

    def inverse(self, y: Tensor) -> Changed:
        total = y.new_zeros(len(y))
        for layer in reversed(self._layers()):
            y, log_det = layer.inverse(y)
            total = total + log_det
        return y, total

    def _layers(self) -> list[Invertible]:
        return [layer for layer in self.layers if isinstance(layer, Invertible)]


@final
class Coupling(Invertible):
    """One part of x is moved and scaled by what a network makes of the other part: y = (x + shift) exp(log-scale).

    network: takes the part that stays and gives, of the same shape as the part that moves, the shift, and behind it on
        axis 1, where there is a scale, the numbers that it is made of.
    moved: the channels that move; None with a mask.
    mask: of 1 where x stays, broadcast against [C, H, W] or [D]; the network then takes and gives whole examples, and
        sees 0 where x moves.
    Source: Dinh et al. 2015 (NICE), arXiv:1410.8516, section 3.2; Dinh et al. 2017 (RealNVP), arXiv:1605.08803,
    eq. 4-9; Kingma & Dhariwal 2018 (Glow), arXiv:1807.03039, table 1.
    """

    mask: Tensor | None

    def __init__(
        self, network: nn.Module, scale: Scale, channels: int, moved: slice | None = None, mask: Tensor | None = None
    ) -> None:
        super().__init__()
        self.network, self.scale, self.moved = network, scale, moved
        self.register_buffer("mask", mask, persistent=False)
        count = channels if moved is None else len(range(channels)[moved])
        self.gain = nn.Parameter(torch.ones(count)) if scale == "tanh" else None

    def forward(self, x: Tensor) -> Changed:
        shift, log_scale = self._shift_and_scale(self._kept(x))
        return self._merged(x, lambda part: (part + shift) * log_scale.exp()), log_scale.flatten(1).sum(1)

    def inverse(self, y: Tensor) -> Changed:
        shift, log_scale = self._shift_and_scale(self._kept(y))
        return self._merged(y, lambda part: part * (-log_scale).exp() - shift), -log_scale.flatten(1).sum(1)

    def _kept(self, x: Tensor) -> Tensor:
        if self.mask is not None:
            return x * self.mask
        start, stop, _ = self._moved(x)
        return torch.cat((x[:, :start], x[:, stop:]), 1)

    def _moved(self, x: Tensor) -> tuple[int, int, int]:
        assert self.moved is not None
        return self.moved.indices(x.shape[1])

    def _merged(self, x: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
        if self.mask is not None:
            return x * self.mask + change(x) * (1 - self.mask)
        start, stop, _ = self._moved(x)
        return torch.cat((x[:, :start], change(x[:, start:stop]), x[:, stop:]), 1)

    def _shift_and_scale(self, kept: Tensor) -> Changed:
        out: Tensor = self.network(kept).to(kept.dtype)
        if self.scale == "none":
            shift, log_scale = out, torch.zeros_like(out)
        else:
            shift, raw = out.chunk(2, 1)
            log_scale = self._log_scale(raw)
        if self.mask is not None:
            shift, log_scale = shift * (1 - self.mask), log_scale * (1 - self.mask)
        return shift, log_scale

    def _log_scale(self, raw: Tensor) -> Tensor:
        if self.gain is not None:
            return by_channel(self.gain, raw) * raw.tanh()
        return (_LEAST_SCALE + (1 - _LEAST_SCALE) * torch.sigmoid(raw + 2)).log()


@final
class ActNorm(Invertible):
    """A shift and a scale of each channel, at first such that the first batch has mean 0 and deviation 1.

    The first values come from `start_actnorms`; a channel that is constant there keeps its scale.
    Source: Glow, arXiv:1807.03039, section 3.1.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(channels))
        self.log_scale = nn.Parameter(torch.zeros(channels))
        self.starts = False

    def forward(self, x: Tensor) -> Changed:
        if self.starts:
            self._start(x)
        y = (x + by_channel(self.shift, x)) * by_channel(self.log_scale, x).exp()
        return y, self._log_det(x)

    def inverse(self, y: Tensor) -> Changed:
        x = y * by_channel(-self.log_scale, y).exp() - by_channel(self.shift, y)
        return x, -self._log_det(y)

    def _log_det(self, x: Tensor) -> Tensor:
        return (self.log_scale.sum() * math.prod(x.shape[2:])).expand(len(x))

    @torch.no_grad()
    def _start(self, x: Tensor) -> None:
        rows = x.transpose(0, 1).flatten(1)
        deviation = rows.std(1)
        self.shift.copy_(-rows.mean(1))
        self.log_scale.copy_(-torch.where(deviation > _FLAT, deviation, torch.ones_like(deviation)).log())


@final
class InvertibleConvolution(Invertible):
    """Channels mixed by one square matrix, alike at every place: a 1x1 convolution that begins as a random rotation.

    form: "plu" keeps the matrix as P L (U + diag s), whose log-determinant is a sum; "dense" as itself, whose
    log-determinant is taken in float64. Both say the same of the same matrix. P and the signs of s stay as they begin.
    Source: Glow, arXiv:1807.03039, section 3.2, eq. 9-11.
    """

    permutation: Tensor
    signs: Tensor

    def __init__(self, channels: int, form: Literal["plu", "dense"] = "plu") -> None:
        super().__init__()
        rotation = torch.linalg.qr(torch.randn(channels, channels)).Q
        self.form = form
        if form == "dense":
            self.matrix = nn.Parameter(rotation)
            return
        permutation, lower, upper = torch.linalg.lu(rotation)
        self.register_buffer("permutation", permutation)
        self.register_buffer("signs", upper.diagonal().sign())
        self.lower = nn.Parameter(lower.tril(-1))
        self.upper = nn.Parameter(upper.triu(1))
        self.log_diagonal = nn.Parameter(upper.diagonal().abs().log())

    def weight(self) -> Tensor:
        """The matrix.  [C, C]"""
        if self.form == "dense":
            return self.matrix.clone()
        lower, upper = self._triangles()
        weight: Tensor = self.permutation @ lower @ upper
        return weight

    def forward(self, x: Tensor) -> Changed:
        return _mixed(self.weight(), x), self._log_det(x)

    def inverse(self, y: Tensor) -> Changed:
        if self.form == "dense":
            inverse = torch.linalg.inv(_precise(self.matrix)).to(y.dtype)
        else:
            lower, upper = (_precise(each) for each in self._triangles())
            diagonal = _precise(self.signs * self.log_diagonal.exp())
            inverse = _unit_inverse(upper / diagonal.unsqueeze(1)) / diagonal
            inverse = (inverse @ _unit_inverse(lower)).to(y.dtype) @ self.permutation.T
        return _mixed(inverse, y), -self._log_det(y)

    def _triangles(self) -> tuple[Tensor, Tensor]:
        lower = self.lower.tril(-1) + torch.eye(len(self.lower), device=self.lower.device, dtype=self.lower.dtype)
        return lower, self.upper.triu(1) + torch.diag(self.signs * self.log_diagonal.exp())

    def _log_det(self, x: Tensor) -> Tensor:
        if self.form == "dense":
            log_abs_det: Tensor = torch.linalg.slogdet(_precise(self.matrix)).logabsdet.to(x.dtype)
        else:
            log_abs_det = self.log_diagonal.sum()
        return (log_abs_det * math.prod(x.shape[2:])).expand(len(x))


def _mixed(matrix: Tensor, x: Tensor) -> Tensor:
    return x @ matrix.T if x.dim() == 2 else F.conv2d(x, matrix[:, :, None, None])


def _precise(matrix: Tensor) -> Tensor:
    """In float64, where the device has it."""
    return matrix if matrix.device.type == "mps" else matrix.double()


def _unit_inverse(triangle: Tensor) -> Tensor:
    """The inverse of a triangular matrix whose diagonal is 1, by products alone, which every graph has.

    With I + M, where a power of M is 0, it is (I - M) (I + M^2) (I + M^4) ...
    """
    one = torch.eye(len(triangle), device=triangle.device, dtype=triangle.dtype)
    power = one - triangle
    inverse = one + power
    for _ in range(math.ceil(math.log2(max(len(triangle), 2))) - 1):
        power = power @ power
        inverse = inverse @ (one + power)
    return inverse


@final
class Affine(Invertible):
    """y = x scale + shift with fixed numbers: from one range to another."""

    def __init__(self, scale: float, shift: float) -> None:
        super().__init__()
        self.factor, self.shift = scale, shift

    def forward(self, x: Tensor) -> Changed:
        return x * self.factor + self.shift, self._log_det(x)

    def inverse(self, y: Tensor) -> Changed:
        return (y - self.shift) / self.factor, -self._log_det(y)

    def _log_det(self, x: Tensor) -> Tensor:
        return x.new_full((len(x),), math.prod(x.shape[1:]) * math.log(abs(self.factor)))


@final
class Logit(Invertible):
    """Numbers from 0 to 1 onto the whole line: logit(a + (1 - 2 a) x), where a keeps the ends from infinity.

    margin: a; .05 is that of the published code. Source: RealNVP, arXiv:1605.08803, section 4.1.
    """

    def __init__(self, margin: float = 0.05) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, x: Tensor) -> Changed:
        inside = self.margin + (1 - 2 * self.margin) * x
        y = inside.log() - (1 - inside).log()
        return y, self._log_det(y)

    def inverse(self, y: Tensor) -> Changed:
        return (y.sigmoid() - self.margin) / (1 - 2 * self.margin), -self._log_det(y)

    def _log_det(self, y: Tensor) -> Tensor:
        # d logit(p) / dp = 1 / (p (1 - p)), and log p = -softplus(-y)
        return (math.log(1 - 2 * self.margin) + F.softplus(y) + F.softplus(-y)).flatten(1).sum(1)


@final
class Flatten(Invertible):
    """Examples of a shape as vectors."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Changed:
        return x.flatten(1), x.new_zeros(len(x))

    def inverse(self, y: Tensor) -> Changed:
        return y.unflatten(1, self.shape), y.new_zeros(len(y))


@final
class Squeeze(Invertible):
    """[N, C, H, W] -> [N, 4 C, H / 2, W / 2]: each square of four pixels becomes four channels.

    checkered: the first half of the channels holds the pixels of one colour of a checkerboard, so that what is factored
    out is spread evenly over the image; else each channel's four come one after the other.
    Source: RealNVP, arXiv:1605.08803, section 3.6.
    """

    order: Tensor

    def __init__(self, channels: int, *, checkered: bool = False) -> None:
        super().__init__()
        order = torch.arange(4 * channels)
        if checkered:
            order = order.view(channels, 4).T[[0, 3, 1, 2]].flatten()
        self.register_buffer("order", order, persistent=False)

    def forward(self, x: Tensor) -> Changed:
        return F.pixel_unshuffle(x, 2)[:, self.order], x.new_zeros(len(x))

    def inverse(self, y: Tensor) -> Changed:
        return F.pixel_shuffle(y[:, self.order.argsort()], 2), y.new_zeros(len(y))


@final
class Interleave(Invertible):
    """Even numbers of a vector first, then odd ones, so that halves of it hold every second number."""

    def forward(self, x: Tensor) -> Changed:
        return torch.cat((x[:, ::2], x[:, 1::2]), 1), x.new_zeros(len(x))

    def inverse(self, y: Tensor) -> Changed:
        numbers = y.shape[1]
        place = torch.cat((torch.arange(0, numbers, 2), torch.arange(1, numbers, 2))).argsort()
        return y[:, place.to(y.device)], y.new_zeros(len(y))


@final
class Standardise(nn.Module):
    """The normal distribution of some numbers, as a network states it from others, turned into N(0, 1).

    Where this is the last layer, N(0, 1) behind it is the learned prior in front of it, and a temperature that scales
    the noise scales the deviation of that prior. network: gives mean and log-deviation on axis 1, from the context.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, context: Tensor) -> Changed:
        """(x - mean) / deviation, and its log-det."""
        mean, log_deviation = self.network(context).to(context.dtype).chunk(2, 1)
        return (x - mean) * (-log_deviation).exp(), -log_deviation.flatten(1).sum(1)

    def inverse(self, y: Tensor, context: Tensor) -> Changed:
        """y deviation + mean, and its log-det."""
        mean, log_deviation = self.network(context).to(context.dtype).chunk(2, 1)
        return y * log_deviation.exp() + mean, log_deviation.flatten(1).sum(1)


@final
class Levels(Invertible):
    """An image as one vector of latents, level by level: after each but the last, half of the channels are done.

    levels: what happens at each. shapes: [C, H, W] behind each level. priors: networks of `Standardise` for the numbers
    that are done at each level, from those that go on (at the last, from zeros); None where they stay as they are.
    forward: [N, C, H, W] -> [N, D], the latents of the first level first.
    Source: RealNVP, arXiv:1605.08803, section 3.6; learned priors as in the code of Glow, arXiv:1807.03039.
    """

    def __init__(
        self,
        levels: Sequence[Invertible],
        shapes: Sequence[tuple[int, int, int]],
        priors: Sequence[nn.Module | None],
    ) -> None:
        super().__init__()
        self.levels = nn.ModuleList(levels)
        self.priors = nn.ModuleList(nn.Identity() if prior is None else Standardise(prior) for prior in priors)
        self.shapes = tuple(shapes)

    def forward(self, x: Tensor) -> Changed:
        total, done = x.new_zeros(len(x)), []
        for level, prior in zip(self.levels, self.priors):
            x, log_det = level(x)
            total = total + log_det
            part, x = self._split(x, last=level is self.levels[-1])
            if isinstance(prior, Standardise):
                part, log_det = prior(part, x)
                total = total + log_det
            done.append(part.flatten(1))
        return torch.cat(done, 1), total

    def inverse(self, y: Tensor) -> Changed:
        total = y.new_zeros(len(y))
        parts = y.split([math.prod(shape) for shape in self._done()], 1)
        x = torch.zeros(0)
        for part, shape, level, prior in reversed(list(self._steps(parts))):
            part = part.unflatten(1, shape)
            x = torch.zeros_like(part) if level is self.levels[-1] else x
            if isinstance(prior, Standardise):
                part, log_det = prior.inverse(part, x)
                total = total + log_det
            x = part if level is self.levels[-1] else torch.cat((part, x), 1)
            x, log_det = level.inverse(x)
            total = total + log_det
        return x, total

    def _split(self, x: Tensor, *, last: bool) -> tuple[Tensor, Tensor]:
        """What is done, and what goes on or, at the last level, zeros."""
        if last:
            return x, torch.zeros_like(x)
        done, going = x.chunk(2, 1)
        return done, going

    def _done(self) -> list[tuple[int, int, int]]:
        """The shape of what each level is done with."""
        *earlier, last = self.shapes
        return [(channels // 2, height, width) for channels, height, width in earlier] + [last]

    def _steps(self, parts: Sequence[Tensor]) -> Iterator[tuple[Tensor, tuple[int, int, int], Invertible, nn.Module]]:
        for part, shape, level, prior in zip(parts, self._done(), self.levels, self.priors):
            assert isinstance(level, Invertible)
            yield part, shape, level, prior


def checkerboard(height: int, width: int, *, odd: bool = False) -> Tensor:
    """1 on the fields of one colour of a checkerboard, 0 on the others.  [1, H, W] float32"""
    field = torch.arange(height).unsqueeze(1) + torch.arange(width)
    return ((field + odd) % 2).float().unsqueeze(0)


def by_channel(values: Tensor, x: Tensor) -> Tensor:
    """[C] so that it goes with x [N, C, ...]."""
    return values.view(1, -1, *[1] * (x.dim() - 2))


@contextmanager
def start_actnorms(flow: nn.Module) -> Iterator[None]:
    """Within it, each actnorm takes its first values from what it is given."""
    layers = [module for module in flow.modules() if isinstance(module, ActNorm)]
    for layer in layers:
        layer.starts = True
    try:
        yield
    finally:
        for layer in layers:
            layer.starts = False
