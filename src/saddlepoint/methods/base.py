"""What a method is: a frozen dataclass of settings that says what each player minimises, in the order of their moves.

The engine does the rest: backward, clipping, accumulation, reduction over ranks, the optimiser's step, averaging, the
log. Everything here is data or a contract; nothing here trains.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from torch import Tensor, nn

from saddlepoint import config
from saddlepoint.data.batches import Batch, DataSpec
from saddlepoint.errors import MethodError
from saddlepoint.methods.optimisers import SGD, Adam, AdamW, Closed, Optim, Part, RMSProp
from saddlepoint.methods.schedules import Clock, Cosine, Held, Linear, Rate, Schedule, Step, WarmUp, at

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Clock",
    "Closed",
    "Cosine",
    "Draw",
    "Ema",
    "Held",
    "Linear",
    "Method",
    "Moves",
    "Networks",
    "Optim",
    "Part",
    "Proof",
    "RMSProp",
    "Rate",
    "Rows",
    "Schedule",
    "Stage",
    "Step",
    "Update",
    "WarmUp",
    "at",
]


class Networks(nn.Module):
    """The networks of a method by name: `Networks(generator=..., critic=...)`, then `nets.generator`.

    Side state that must survive a restart (pools, controllers, running means) is a module here like any other.
    Raises MethodError for a name that a torch Module already uses, such as `train`, `type` or `half`.
    """

    def __init__(self, **networks: nn.Module) -> None:
        super().__init__()
        for name, network in networks.items():
            if hasattr(self, name) and name not in self._modules:
                raise MethodError(f"a network cannot be called {name!r}: every torch Module has that name already.")
            self.add_module(name, network)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


@dataclass(frozen=True)
class Update:
    """One player's move: the engine differentiates the sum of `losses` for `group` and steps its optimiser.

    group: a key of `Method.optimisers()`.
    losses: scalars; their sum is minimised; each is logged as "<group>/<name>". None for a `Closed` group.
    watch: figures that are averaged like losses but not trained on; scalars are logged, all go to `after_step`. A
        callable is evaluated after backward, when `.grad` holds the gradient of these losses: of the group's
        parameters, and of what was computed from them and had `retain_grad()` called.

    Figures are averaged over micro-batches and ranks, which see equally many examples each. So give means and shares,
    not sums and counts: `hits.float().mean(0)`, which times `clock.fresh` is the count of the whole step; a quotient of
    two shares (a codebook's sums by its counts) is right as it is.
    """

    group: str
    losses: Mapping[str, Tensor]
    watch: Mapping[str, Tensor | Callable[[], Tensor]] = field(default_factory=dict)


Moves = Generator[Update | tuple[Update, ...], Mapping[str, Tensor], None]
"""what a `train_step` is: it yields updates and is sent the report of each"""
Rows = Mapping[str, Tensor | Mapping[str, Tensor]]
"""rows (indices, or a mask) of the parameters of a group, or of each parameter by its path "network.path" """


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
    share: by ratio, for figures that are never negative: where less is better, the figure must stay under this share of
        the naive baseline's; where more is better, the baseline's must stay under this share of it.
    difference: instead, for any figure such as nats: how much better than the baseline's it must be, in its own unit.
    bars: figures that must reach a value of their own; the measure knows of each which way is better.
    settings: run, data and method settings that differ from their defaults.
    """

    claim: str
    data: str
    measure: str
    share: float | None = None
    bars: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    difference: float | None = None

    def __post_init__(self) -> None:
        if (self.share is None) == (self.difference is None):
            raise MethodError("a proof compares by `share` or by `difference`: state one of the two.")
        if self.share is not None and not 0 < self.share < 1:
            raise MethodError(
                f"a share of {self.share} of the baseline's figure is no progress: it lies between 0 and 1."
            )
        if self.difference is not None and not self.difference > 0:
            raise MethodError(f"a difference of {self.difference} is no progress: it must be more than 0.")


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
    checkpoints: ClassVar[tuple[str, ...]] = ()
    """modules, as "network.path", whose activations `--recompute` computes again in backward instead of keeping them"""
    defaults: ClassVar[Mapping[str, Any]] = {}
    """run and data settings that differ for this method, such as the batch of its paper; presets, files and the command
    line win over them"""

    def __post_init__(self) -> None:
        """Checks every setting against its type and range; what a method checks beside that comes after `super()`."""
        config.check(self)

    @abstractmethod
    def networks(self, data: DataSpec) -> Networks:
        """New networks for this data, on the CPU, initialised from torch's global generator.

        Raises ConfigError for data that the method cannot train on.
        """

    @abstractmethod
    def optimisers(self) -> Mapping[str, Optim]:
        """One optimiser a group of players: `{"critic": Adam("critic", lr=2e-4)}`."""

    @abstractmethod
    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Moves:
        """Yield what each player minimises, in order. A generator: it is sent what each yield came to.

        A tuple means: differentiate all, then step all. `report = yield Update(...)` returns the values averaged over
        micro-batches and ranks.
        """

    def prepare(self, nets: Networks, look: Callable[[int], Batch]) -> None:
        """Set what the networks begin with from the data: a scene's first points, a norm's first scale.

        Called once a run, without gradients, before the first step and alike on all ranks. look(n): the first training
        examples, at most n, unchanged and on the networks' device.
        """

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> Rows | None:
        """Move side state once a step, without gradients, from the averaged report; torch's random numbers are the same
        on all ranks here.

        Returns the rows of parameters that now stand for something else (births, splits), by group: their moments start
        anew, and averages take them as they are. An optimiser's count of steps is of the whole parameter and goes on.
        """
        return None

    def set_phase(self, nets: nn.Module, clock: Clock) -> None:
        """Set what depends on time alone (depth, fade); called on networks, averages and loaded models."""

    def stages(self) -> tuple[Stage, ...]:
        """The spans of training, in order; the last one lasts until the run ends."""
        return (Stage(),)

    def ema(self) -> Ema | None:
        """Which networks are averaged for sampling and how; None for none."""
        return None
