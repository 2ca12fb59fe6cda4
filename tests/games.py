"""Games small enough to work out by hand, and a trainer for them: what the engine's tests play."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from saddlepoint.data.batches import Batch, DataSpec, ImageBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.loader import Loader
from saddlepoint.engine.distributed import Machine, TorchMachine
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.engine.run import RunSettings
from saddlepoint.engine.trainer import Trainer
from saddlepoint.methods.base import SGD, Clock, Draw, Ema, Method, Networks, Optim, Rows, Stage, Update


def points(rows: int = 64) -> Dataset:
    """`rows` points in the plane around (1, -1)."""
    made = np.random.default_rng(0).normal((1, -1), 1, (rows, 2)).astype(np.float32)
    return Dataset({"image": made}, "points", "points")


def pictures(rows: int = 64, shape: tuple[int, ...] = (1, 8, 8)) -> Dataset:
    """`rows` images of even noise with one of three labels each."""
    draw = np.random.default_rng(0)
    image = draw.integers(0, 256, (rows, *shape), dtype=np.uint8)
    return Dataset({"image": image, "label": np.arange(rows) % 3}, "pictures", "pictures", ("a", "b", "c"))


def two_lines(data: DataSpec) -> Networks:
    """A generator and a critic of one linear layer each, for points."""
    return Networks(generator=nn.Linear(3, 2), critic=nn.Linear(2, 1))


def two_convolutions(data: DataSpec) -> Networks:
    """A generator and a critic with convolutions and batch norm, for 8x8 images."""
    make = nn.Sequential(nn.Linear(3, 64), nn.Unflatten(1, (4, 4, 4)), nn.BatchNorm2d(4), nn.ReLU())
    critic = nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.LeakyReLU(0.2), nn.Conv2d(4, 1, 4))
    return Networks(
        generator=nn.Sequential(*make, nn.ConvTranspose2d(4, 1, 4, 2, 1), nn.Tanh()),
        critic=nn.Sequential(*critic, nn.Flatten(0)),
    )


def play(nets: Networks, draw: Draw, clock: Clock) -> Iterator[Update]:
    """The usual two moves."""
    real = draw().image
    with torch.no_grad():
        fake = nets.generator(draw.noise(len(real), 3))
    yield Update("critic", {"real": -nets.critic(real).sigmoid().mean(), "fake": nets.critic(fake).sigmoid().mean()})
    fake = nets.generator(draw.noise(len(real), 3))
    yield Update("generator", {"fake": -nets.critic(fake).sigmoid().mean()})


def both(make: Callable[..., Optim] = SGD, **settings: Any) -> dict[str, Optim]:
    """The same optimiser for generator and critic."""
    return {name: make(name, **{"lr": 0.1, **settings}) for name in ("generator", "critic")}


def _nothing(*_: object) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Game(Method):
    """A method put together from functions."""

    takes = ImageBatch

    step: Callable[..., Iterator[Any]] = play
    make: Callable[[DataSpec], Networks] = two_lines
    moves: Mapping[str, Optim] = field(default_factory=both)
    average: Ema | None = None
    spans: tuple[Stage, ...] = (Stage(),)
    after: Callable[..., Any] = _nothing
    phase: Callable[..., None] = _nothing

    def networks(self, data: DataSpec) -> Networks:
        return self.make(data)

    def optimisers(self) -> Mapping[str, Optim]:
        return self.moves

    def train_step(self, nets: Networks, draw: Draw, clock: Clock) -> Iterator[Any]:
        return self.step(nets, draw, clock)

    def after_step(self, nets: Networks, report: Mapping[str, Tensor], clock: Clock) -> Rows | None:
        rows: Rows | None = self.after(nets, report, clock)
        return rows

    def set_phase(self, nets: nn.Module, clock: Clock) -> None:
        self.phase(nets, clock)

    def stages(self) -> tuple[Stage, ...]:
        return self.spans

    def ema(self) -> Ema | None:
        return self.average


def trainer(
    method: Method,
    data: Dataset | None = None,
    *,
    hooks: Sequence[Hook] = (),
    folder: Path = Path(),
    machine: Machine | None = None,
    takes: type[Batch] | None = None,
    flip: bool = False,
    **settings: Any,
) -> Trainer:
    """A trainer of fresh networks on the processor; batch 8, two steps, a report each step, unless said otherwise."""
    values = {"batch": 8, "examples": 16, "log_every": 1, **settings}
    run = RunSettings(**values)
    dataset, machine = data or points(), machine or TorchMachine("cpu", "float32")
    loader = Loader(
        dataset, takes or method.takes, np.arange(len(dataset)), seed=run.seed, flip=flip, device=machine.device
    )
    torch.manual_seed(run.seed)
    nets = method.networks(loader.spec)
    return Trainer(method, nets, loader, run, machine, folder, hooks)


def weights(trained: Trainer) -> dict[str, Tensor]:
    """All tensors of a run's state, copied."""
    return {name: value.clone() for name, value in trained.state()[0].items()}


class Reports(Hook):
    """Keeps what every step reported."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Tensor]] = []

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        self.seen.append(dict(report))

    def figures(self) -> list[dict[str, float]]:
        return [{name: value.item() for name, value in report.items() if value.dim() == 0} for report in self.seen]


class StopAt(Hook):
    """Asks the run to stop after a step."""

    def __init__(self, step: int) -> None:
        self.at = step

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        if run.clock.step == self.at:
            run.stop("far enough")
