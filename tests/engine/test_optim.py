"""Parts of an optimiser: what learns faster than the rest, by its path, and that nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from games import Game, StopAt, both, pictures, trainer, two_convolutions, weights
from saddlepoint.checkpoint import files
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.optim import Group
from saddlepoint.engine.trainer import Trainer
from saddlepoint.errors import MethodError
from saddlepoint.methods.base import SGD, Adam, Clock, Linear, Networks, Optim, Part, RMSProp, Stage, Update

KINDS = [
    pytest.param(lambda *names, **settings: Adam(*names, betas=(0.0, 0.9), **settings), id="Adam"),
    pytest.param(SGD, id="SGD"),
    pytest.param(lambda *names, **settings: SGD(*names, momentum=0.9, **settings), id="SGD with momentum"),
    pytest.param(RMSProp, id="RMSProp"),
]


def three(data: Any = None) -> Networks:
    """Network `a` with weights `w` and `v` and a layer `inner` with one of its own, all 0."""
    a = nn.Module()
    a.w, a.v, a.inner = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(())), nn.Module()
    a.inner.w = nn.Parameter(torch.zeros(()))
    return Networks(a=a)


def downhill(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
    draw()
    yield Update("a", {"loss": 3 * nets.a.w + 4 * nets.a.v + 12 * nets.a.inner.w})


def moved(optim: Optim, *, images: int = 8, **settings: Any) -> tuple[float, ...]:
    """Where w, v and the inner w are after a step of 8 images."""
    run = trainer(Game(step=downhill, make=three, moves={"a": optim}), examples=images, **settings)
    run.fit()
    return run.nets.a.w.item(), run.nets.a.v.item(), run.nets.a.inner.w.item()


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_takes_steps_as_many_times_as_long_and_the_rest_the_usual_ones(kind: Any) -> None:
    w, v, inner = moved(kind("a", lr=0.01))
    parts = (Part(paths=("a.v",), rate=3.0), Part(paths=("a.inner",), rate=0.5))
    assert moved(kind("a", lr=0.01, parts=parts)) == pytest.approx((w, 3 * v, 0.5 * inner))
    assert min(-w, -v, -inner) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_parts_at_the_usual_rate_change_no_bit(kind: Any) -> None:
    def run(*parts: Part) -> dict[str, Any]:
        moves = {"generator": kind("generator", lr=0.01), "critic": kind("critic", lr=0.01, parts=parts)}
        made = trainer(Game(make=two_convolutions, moves=moves), pictures(), examples=32)
        made.fit()
        return weights(made)

    whole, cut = run(), run(Part(paths=("critic.0", "critic.3.bias"), rate=1.0), Part(paths=("critic.1",), rate=1.0))
    assert [*whole] == [*cut]
    assert all(torch.equal(value, cut[name]) for name, value in whole.items())


def test_all_may_be_in_parts() -> None:
    for kind in (Adam, SGD, RMSProp):
        usual = moved(kind("a", lr=0.1))
        assert moved(kind("a", lr=0.05, parts=(Part(paths=("a",), rate=2.0),))) == pytest.approx(usual)


def test_an_earlier_part_keeps_what_it_has() -> None:
    parts = (Part(paths=("a.inner.w",), rate=2.0), Part(paths=("a.w", "a.inner"), rate=5.0))
    with pytest.raises(MethodError, match=r"names 'a\.inner', where it moves nothing that no earlier part has"):
        moved(SGD("a", lr=1.0, parts=parts))
    parts = (Part(paths=("a.inner.w",), rate=2.0), Part(paths=("a",), rate=5.0))
    assert moved(SGD("a", lr=1.0, parts=parts)) == (-15, -20, -24)


def test_a_parts_rate_may_follow_the_clock_and_comes_on_top_of_the_groups_own() -> None:
    optim = SGD("a", lr=Linear(1.0, 0.0), parts=(Part(paths=("a.v",), rate=Linear(5.0, 1.0)),))
    group = Group("a", optim, three(), TorchMachine("cpu", "float32"), None)
    for images, rates in ((0, [1.0, 5.0]), (25, [0.75, 3.0]), (100, [0.0, 0.0])):
        group.set_rates(Clock(examples=images, total=100), 1.0)
        assert [entry["lr"] for entry in group.optimiser.param_groups] == rates
    group.set_rates(Clock(total=100), 0.5)  # a stage's share, or a rescue's
    assert [entry["lr"] for entry in group.optimiser.param_groups] == [0.5, 2.5]


def test_the_norm_is_still_that_of_the_whole_gradient() -> None:
    """(3, 4, 12) has norm 13."""
    found = moved(SGD("a", lr=1.0, clip=1.0, parts=(Part(paths=("a.inner",), rate=2.0),)))
    assert found == pytest.approx((-3 / 13, -4 / 13, -24 / 13), abs=1e-5)


def test_a_lazy_regulariser_corrects_parts_as_well() -> None:
    optim = Adam("a", lr=0.1, lazy=16, parts=(Part(paths=("a.v",), rate=3.0),))
    group = Group("a", optim, three(), TorchMachine("cpu", "float32"), None)
    group.set_rates(Clock(), 1.0)
    assert [entry["lr"] for entry in group.optimiser.param_groups] == pytest.approx([1.6 / 17, 4.8 / 17])
    assert len({entry["betas"] for entry in group.optimiser.param_groups}) == 1


def test_without_parts_torch_has_one_group() -> None:
    for kind in (Adam, SGD, RMSProp):
        run = trainer(Game(moves=both(kind)))
        assert [len(group.optimiser.param_groups) for group in run.groups.values()] == [1, 1]


@pytest.mark.parametrize("path", ["a.x", "a.inn", "inner", "b.w", "a.w.0", ""])
def test_a_path_where_nothing_is_moved_is_refused(path: str) -> None:
    words = f"a part of group 'a' names '{path}', where it moves nothing .* its paths are like 'a.w'"
    with pytest.raises(MethodError, match=words):
        moved(SGD("a", lr=1.0, parts=(Part(paths=(path,), rate=2.0),)))


def test_a_part_of_which_all_is_frozen_is_left_out() -> None:
    def make(data: Any) -> Networks:
        nets = three()
        nets.a.inner.requires_grad_(False)
        return nets

    moves = {"a": SGD("a", lr=1.0, parts=(Part(paths=("a.inner",), rate=2.0),))}
    run = trainer(Game(step=downhill, make=make, moves=moves))
    before = {name: value.clone() for name, value in run.nets.state_dict().items()}
    run.fit()
    after = run.nets.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in after if name.startswith("a.inner"))
    assert not torch.equal(before["a.w"], after["a.w"])


@pytest.mark.parametrize("kind", [Adam, RMSProp], ids=lambda kind: kind.__name__)
def test_a_resumed_run_with_parts_is_the_uninterrupted_one_to_the_bit(kind: Any, tmp_path: Path) -> None:
    """With moments that are forgotten at a stage; and what was saved without parts can go on with them."""
    spans = (Stage(examples=24), Stage(lr_scale=0.5, fresh=("critic",)))

    def make(*hooks: Any, faster: bool = True) -> Trainer:
        parts = (Part(paths=("critic.1", "critic.3.weight"), rate=Linear(4.0, 1.0)),) if faster else ()
        moves = {"generator": kind("generator", lr=0.01), "critic": kind("critic", lr=0.01, parts=parts)}
        game = Game(make=two_convolutions, spans=spans, moves=moves)
        return trainer(game, pictures(), examples=48, hooks=hooks)

    straight = make()
    straight.fit()
    for at in (2, 3, 4):
        half = make(StopAt(at))
        half.fit()
        resumed = make()
        resumed.restore(*files.read(files.write(tmp_path, at, *half.state())))
        resumed.fit()
        found = weights(resumed)
        assert [name for name, one in weights(straight).items() if not torch.equal(one, found[name])] == []
    plain, with_parts = make(StopAt(2), faster=False), make()
    plain.fit()
    saved = plain.state()
    with_parts.restore(*saved)
    assert all(torch.equal(value, with_parts.state()[0][name]) for name, value in saved[0].items())
    assert with_parts.fit() == "done"
