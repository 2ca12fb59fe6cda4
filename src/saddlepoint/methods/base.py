"""What a method is: a frozen dataclass of settings that says what each player minimises, in the order of their moves.

The engine does the rest: backward, clipping, accumulation, reduction over ranks, the optimiser's step, averaging, the
log. Everything here is data or a contract; nothing here trains.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from torch import Tensor, nn

from saddlepoint.data.batches import Batch, DataSpec
from saddlepoint.errors import MethodError


class Networks(nn.Module):
    """The networks of a method by name: `Networks(generator=..., critic=...)`, then `nets.generator`.

    Side state that must survive a restart (pools, controllers, running means) is a module here like any other.
    Raises MethodError for a name that a torch Module already uses, such as `train`, `type` or `half`.
    """

    def __init__(self, **networks: nn.Module) -> None:
        super().__init__()
        for name, network in networks.items():
            if hasattr(nn.Module, name):
                raise MethodError(f"a network cannot be called {name!r}: every torch Module has that name already.")
            self.add_module(name, network)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


@dataclass(frozen=True)
class Update:
    """One player's move: the engine differentiates the sum of `losses` for `group` and steps its optimiser.

    group: a key of `Method.optimisers()`.
    losses: scalars; their sum is minimised; each is logged as "<group>/<name>".
    watch: figures that are averaged like losses but not trained on; scalars are logged, vectors go to `after_step`.
    """

    group: str
    losses: Mapping[str, Tensor]
    watch: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Clock:
    """Time in a run, at the beginning of a step.

    step: optimiser rounds done.
    examples: examples shown so far (images, rays, rows of a table), over all ranks and micro-batches.
    fresh: examples that this step shows.
    total: examples that the run is planned for.
    stage: index of the stage; stage_examples: examples shown within it.
    """

    spellings: ClassVar[Mapping[str, str]] = {"images": "examples", "stage_images": "stage_examples"}
    """words of earlier releases"""

    step: int = 0
    examples: int = 0
    fresh: int = 0
    total: int = 0
    stage: int = 0
    stage_examples: int = 0

    def every(self, steps: int) -> bool:
        """True on steps 0, n, 2n, ...: for lazy terms."""
        return self.step % steps == 0


Schedule = Callable[[Clock], float]
"""a number as a pure function of time, such as `Cosine`: what is resumed finds it where it was"""


@dataclass(frozen=True)
class Cosine:
    """From `start` to `end` along half a cosine (Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5, without restarts).

    examples: after which `end` is reached and stays; None for the whole planned run.
    """

    start: float
    end: float
    examples: int | None = None

    def __call__(self, clock: Clock) -> float:
        share = min(clock.examples / max(self.examples or clock.total, 1), 1.0)
        return self.end + (self.start - self.end) * (1 + math.cos(math.pi * share)) / 2


@dataclass(frozen=True)
class Linear:
    """`start` for a share `after` of the planned run, then in a line to `end` at its end.

    after: in [0, 1]; 1 for no change at all. Source: Zhu et al. 2017, arXiv:1703.10593, section 4.
    """

    start: float
    end: float = 0.0
    after: float = 0.0

    def __call__(self, clock: Clock) -> float:
        left = max(clock.total, 1) * (1 - self.after)
        share = (clock.examples - max(clock.total, 1) * self.after) / left if left else 0.0
        return self.start + (self.end - self.start) * min(max(share, 0.0), 1.0)


@dataclass(frozen=True)
class Step:
    """`start`, and after every `examples` the `factor` of what it was: a staircase."""

    start: float
    examples: int
    factor: float = 0.1

    def __call__(self, clock: Clock) -> float:
        return self.start * self.factor ** (clock.examples // self.examples)


def at(value: float | Schedule, clock: Clock) -> float:
    """What a number is at `clock`, be it constant or scheduled."""
    return value(clock) if callable(value) else value


@dataclass(frozen=True)
class Stage:
    """A span of training.

    examples: how many the stage lasts; None until the run ends.
    resolution: side in pixels that the loader delivers; None for the data's own.
    batch: examples a step; None for the run's own.
    lr_scale: multiplies every learning rate.
    fresh: groups whose moments start anew.
    """

    examples: int | None = None
    resolution: int | None = None
    batch: int | None = None
    lr_scale: float = 1.0
    fresh: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ema:
    """Exponential moving average of whole networks, counted in examples (Karras et al. 2018, arXiv:1710.10196, sec. 5).

    networks: names in `Networks` that are averaged, buffers too.
    half_life: examples after which an old weight counts half. decay = 0.5 ** (batch / half_life). May be scheduled.
    ramp: the half-life is at most this share of the examples shown so far; None for no ramp (Karras et al. 2020).
    """

    networks: tuple[str, ...]
    half_life: float | Schedule
    ramp: float | None = 0.05


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some of the parameters that an optimiser moves, with a learning rate of their own.

    paths: of parameters, or of modules with all that is in them, as "network.path" ("generator.blocks.0"). What an
        earlier part has stays in that one.
    rate: what the optimiser's learning rate is multiplied by, a number or a schedule.
    """

    paths: tuple[str, ...]
    rate: float | Schedule


@dataclass(frozen=True, init=False)
class Optim(ABC):
    """An optimiser's specification: which networks it moves and how.

    lr: learning rate, a number or a schedule. clip: bound on the norm of the whole gradient. parts: what learns faster
    or slower than the rest.
    """

    networks: tuple[str, ...]
    lr: float | Schedule
    weight_decay: float = 0.0
    clip: float | None = None
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, init=False)
class Adam(Optim):
    """Adam (Kingma & Ba 2015, arXiv:1412.6980). Each beta is a number or a schedule.

    lazy: with a regulariser every k steps, lr and betas are corrected as StyleGAN2 does: c = k / (k + 1), lr c, beta^c.
    """

    betas: tuple[float | Schedule, float | Schedule] = (0.9, 0.999)
    eps: float = 1e-8
    lazy: int | None = None

    def __init__(
        self,
        *networks: str,
        lr: float | Schedule,
        betas: tuple[float | Schedule, float | Schedule] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        clip: float | None = None,
        parts: tuple[Part, ...] = (),
        lazy: int | None = None,
    ) -> None:
        _set(self, networks=networks, lr=lr, weight_decay=weight_decay, clip=clip, parts=parts)
        _set(self, betas=betas, eps=eps, lazy=lazy)


@dataclass(frozen=True, init=False)
class SGD(Optim):
    """Stochastic gradient descent with momentum."""

    momentum: float = 0.0

    def __init__(
        self,
        *networks: str,
        lr: float | Schedule,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        clip: float | None = None,
        parts: tuple[Part, ...] = (),
    ) -> None:
        _set(self, networks=networks, lr=lr, weight_decay=weight_decay, clip=clip, parts=parts)
        _set(self, momentum=momentum)


@dataclass(frozen=True, init=False)
class RMSProp(Optim):
    """RMSProp (Hinton, lecture 6e): the optimiser of the first WGAN."""

    alpha: float = 0.99
    eps: float = 1e-8

    def __init__(
        self,
        *networks: str,
        lr: float | Schedule,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        clip: float | None = None,
        parts: tuple[Part, ...] = (),
    ) -> None:
        _set(self, networks=networks, lr=lr, weight_decay=weight_decay, clip=clip, parts=parts)
        _set(self, alpha=alpha, eps=eps)


def _set(spec: Optim, **values: object) -> None:
    for name, value in values.items():
        object.__setattr__(spec, name, value)


class Draw(Protocol):
    """Where a step gets its data and its random numbers from; rows belong to this rank and micro-batch."""

    def __call__(self) -> Any:
        """The next batch, of the type that the method `takes`."""
        ...

    def noise(self, n: int, *shape: int) -> Tensor:
        """N(0, 1), [n, *shape], float32 on the run's device: rows of one draw for the whole global batch."""
        ...

    def uniform(self, n: int, *shape: int) -> Tensor:
        """U[0, 1), [n, *shape], likewise."""
        ...


@dataclass(frozen=True)
class Proof:
    """The evidence that a method owes: what to train, what to measure and what to beat. `saddle prove` runs it.

    claim: one sentence, for the page of the method.
    data: a source by its word ("digits", "world:ring8").
    measure: a name that `saddle prove` knows; its first figure is the one that is compared.
    share: where lower is better, the figure must stay under this share of the naive baseline's; where higher is
        better, the baseline's must stay under this share of it.
    bars: figures that must reach a value of their own; the measure knows of each which way is better.
    settings: run, data and method settings that differ from their defaults.
    """

    claim: str
    data: str
    measure: str
    share: float
    bars: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Method(ABC):
    """The settings of a method and its game. Every file's class is final; its name is its file's name."""

    takes: ClassVar[type[Batch]]
    """what the data room must deliver; checked before any work"""
    batch_statistics: ClassVar[bool] = False
    """True where k micro-batches cannot equal one (batch norm, minibatch deviation, pools)"""
    frozen: ClassVar[tuple[str, ...]] = ()
    """networks with parameters that no optimiser moves, on purpose"""
    compiles: ClassVar[tuple[str, ...]] = ("generator",)
    """networks that `--compile` compiles in place"""

    @abstractmethod
    def networks(self, data: DataSpec) -> Networks:
        """New networks for this data, on the CPU, initialised from torch's global generator.

        Raises ConfigError for data that the method cannot train on.
        """

    @abstractmethod
    def optimisers(self) -> Mapping[str, Optim]:
        """One optimiser a group of players: `{"critic": Adam("critic", lr=2e-4)}`."""

    @abstractmethod
    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Iterator[Update | tuple[Update, ...]]:
        """Yield what each player minimises, in order.

        A tuple means: differentiate all, then step all. `report = yield Update(...)` returns the values averaged over
        micro-batches and ranks.
        """

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> None:
        """Move side state once a step, without gradients, from the averaged report."""

    def set_phase(self, nets: nn.Module, clock: Clock) -> None:
        """Set what depends on time alone (depth, fade); called on networks, averages and loaded models."""

    def stages(self) -> tuple[Stage, ...]:
        """The spans of training, in order; the last one lasts until the run ends."""
        return (Stage(),)

    def ema(self) -> Ema | None:
        """Which networks are averaged for sampling and how; None for none."""
        return None
