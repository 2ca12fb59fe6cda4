"""Figures that an update watches: of the gradient too, whatever the batch is cut into and whatever scales the loss."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from games import Game, Reports, trainer
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.errors import MethodError
from saddlepoint.methods.base import SGD, Moves, Networks, Update


class Scaled:
    """The processor, with a loss that is scaled as under fp16."""

    def __init__(self) -> None:
        self._machine = TorchMachine("cpu", "float32")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._machine, name)

    def scaler(self) -> torch.amp.GradScaler:
        return torch.amp.GradScaler("cpu", init_scale=1024.0)


def cloud(data: Any) -> Networks:
    return Networks(cloud=nn.Linear(2, 1, bias=False))


def of_gradient(figure: Callable[[nn.Linear, Tensor], Callable[[], Tensor]]) -> Callable[..., Moves]:
    """A step with a loss of 3 (w . x), computed through 2 w, and a figure of the gradients of w and of 2 w."""

    def step(nets: Networks, draw: Any, clock: Any) -> Moves:
        image = draw().image
        double = 2 * nets.cloud.weight
        double.retain_grad()
        loss = 1.5 * (double * image.mean(0)).sum()
        yield Update("cloud", {"loss": loss}, watch={"gradient": figure(nets.cloud, double)})

    return step


FIGURES: dict[str, Callable[[nn.Linear, Tensor], Callable[[], Tensor]]] = {
    "of an inner value": lambda layer, double: lambda: double.grad[0],  # type: ignore[index]
    "of a parameter": lambda layer, double: lambda: layer.weight.grad[0] / 2,  # type: ignore[index]
    "over a bound": lambda layer, double: lambda: (double.grad[0].abs() > 0.5).float(),  # type: ignore[index]
    "in a list": lambda layer, double: functools.partial(lambda held: held[0].grad[0], [double]),
}


@pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES.keys())
@pytest.mark.parametrize(("parts", "machine"), [(1, None), (2, None), (8, Scaled()), (1, Scaled())])
def test_a_callable_sees_the_gradient_of_its_own_micro_batch(figure: Any, parts: int, machine: Any) -> None:
    seen, shown = Reports(), Reports()
    game = Game(step=of_gradient(figure), make=cloud, moves={"cloud": SGD("cloud", lr=0.1)})
    runs = [
        trainer(game, examples=8, hooks=[shown]),
        trainer(game, examples=8, hooks=[seen], accumulate=parts, machine=machine),
    ]
    for run in runs:
        run.fit()
    image = torch.as_tensor(runs[0].data.read(0, 8).image)  # type: ignore[attr-defined]
    means = torch.stack([part.mean(0) for part in image.chunk(parts)])
    wanted = 1.5 * means
    if figure is FIGURES["over a bound"]:
        wanted = (wanted.abs() > 0.5).float()
    torch.testing.assert_close(seen.seen[0]["cloud/gradient"], wanted.mean(0))
    torch.testing.assert_close(runs[0].nets.cloud.weight, runs[1].nets.cloud.weight)


def test_a_callable_leaves_the_gradient_as_it_was() -> None:
    def step(watched: bool, nets: Networks, draw: Any, clock: Any) -> Moves:
        loss = nets.cloud(draw().image).mean()
        norm = {"norm": lambda: nets.cloud.weight.grad.norm()} if watched else {}
        yield Update("cloud", {"loss": loss}, watch=norm)

    moved = []
    for watched in (False, True):
        game = Game(step=functools.partial(step, watched), make=cloud, moves={"cloud": SGD("cloud", lr=0.1)})
        run = trainer(game, examples=24, accumulate=4)
        run.fit()
        moved.append(run.nets.cloud.weight.clone())
    assert torch.equal(*moved)


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (3.0, "cloud/figure must be a tensor, or a callable that gives one, not float"),
        (lambda: 3.0, "the callable cloud/figure must give a tensor; it gave float"),
    ],
)
def test_what_cannot_be_watched_is_refused(figure: Any, said: str) -> None:
    def step(nets: Networks, draw: Any, clock: Any) -> Moves:
        yield Update("cloud", {"loss": nets.cloud(draw().image).mean()}, watch={"figure": figure})

    with pytest.raises(MethodError, match=said):
        trainer(Game(step=step, make=cloud, moves={"cloud": SGD("cloud", lr=0.1)})).fit()


def test_a_share_times_the_examples_of_a_step_is_a_count() -> None:
    counts = []

    def step(nets: Networks, draw: Any, clock: Any) -> Moves:
        image = draw().image
        hits = (image > 0).float().mean(0)  # a share, not a sum: see Update
        yield Update("cloud", {"loss": nets.cloud(image).mean()}, watch={"hits": hits})

    def after(nets: Networks, report: Any, clock: Any) -> None:
        counts.append((report["cloud/hits"] * clock.fresh).tolist())

    for parts in (1, 4):
        game = Game(step=step, make=cloud, moves={"cloud": SGD("cloud", lr=0.0)}, after=after)
        trainer(game, examples=8, accumulate=parts).fit()
    assert counts[0] == pytest.approx(counts[1])
    assert counts[0] == pytest.approx([round(count) for count in counts[0]])
