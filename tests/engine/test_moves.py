"""The order of a step: what each yield differentiates, reports and moves, against values worked by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from games import Game, Reports, both, trainer, weights
from saddlepoint.engine.hooks import Hook
from saddlepoint.methods.base import SGD, Adam, Networks, RMSProp, Update


def numbers(**values: float) -> Networks:
    """One network for each name, with one weight `w` of that value."""
    made = {}
    for name, value in values.items():
        made[name] = nn.Module()
        made[name].w = nn.Parameter(torch.tensor(float(value)))
    return Networks(**made)


def number_game(step: Any, lr: float = 0.1, **values: float) -> Game:
    moves = {name: SGD(name, lr=lr) for name in values}
    return Game(step=step, make=lambda data: numbers(**values), moves=moves)


@pytest.mark.parametrize("parts", [2, 4, 8])
def test_micro_batches_equal_one_batch(parts: int) -> None:
    seen = [Reports(), Reports()]
    whole, cut = (
        trainer(Game(), hooks=seen[:1], examples=40),
        trainer(Game(), hooks=seen[1:], examples=40, accumulate=parts),
    )
    whole.fit(), cut.fit()
    for (name, one), other in zip(weights(whole).items(), weights(cut).values()):
        assert torch.allclose(one, other, rtol=0, atol=1e-6), name
    for one, other in zip(seen[0].figures(), seen[1].figures()):
        assert one == pytest.approx(other, abs=1e-6)


def test_updates_move_one_after_the_other() -> None:
    """a = 1, b = 2: a moves along b to .8, then b moves along the new a to 1.92."""

    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        draw()
        yield Update("a", {"product": nets.a.w * nets.b.w})
        yield Update("b", {"product": nets.a.w * nets.b.w})

    run = trainer(number_game(step, a=1, b=2), examples=8)
    run.fit()
    assert run.nets.a.w.item() == pytest.approx(0.8)
    assert run.nets.b.w.item() == pytest.approx(1.92)


def test_a_tuple_differentiates_all_and_then_steps_all() -> None:
    """a = 1, b = 2 with one shared product: a moves to .8, b to 1.9 along the old a."""

    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        draw()
        product = nets.a.w * nets.b.w
        yield Update("a", {"product": product}), Update("b", {"product": product})

    run = trainer(number_game(step, a=1, b=2), examples=8)
    run.fit()
    assert run.nets.a.w.item() == pytest.approx(0.8)
    assert run.nets.b.w.item() == pytest.approx(1.9)


def test_losses_of_an_update_are_summed_and_each_is_reported() -> None:
    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        draw()
        yield Update("a", {"one": nets.a.w, "square": nets.a.w**2})

    seen = Reports()
    run = trainer(number_game(step, a=3), examples=8, hooks=[seen])
    run.fit()
    assert run.nets.a.w.item() == pytest.approx(3 - 0.1 * (1 + 6))
    assert seen.figures() == [{"a/one": 3.0, "a/square": 9.0}]


def test_the_report_comes_back_averaged_over_micro_batches() -> None:
    back: list[Any] = []

    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        real = draw().image
        report = yield Update("a", {"mean": nets.a.w * real.mean()}, watch={"columns": real.mean(0)})
        back.append({name: value.clone() for name, value in report.items()})

    run = trainer(number_game(step, a=1), examples=8, accumulate=4)
    real = run.data.read(0, 8).image
    run.fit()
    assert len(back) == 4
    for report in back:
        assert report["a/mean"].item() == pytest.approx(real.mean().item())
        assert torch.allclose(report["a/columns"], real.mean(0))


def test_a_name_that_occurs_several_times_is_averaged_over_the_step() -> None:
    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        draw()
        for factor in (1.0, 3.0):
            yield Update(
                "a", {"loss": factor * (nets.a.w - nets.a.w.detach() + 1)}, watch={"v": torch.ones(2) * factor}
            )

    seen = Reports()
    trainer(number_game(step, a=0), examples=8, hooks=[seen]).fit()
    assert seen.seen[0]["a/loss"].item() == 2.0
    assert seen.seen[0]["a/v"].tolist() == [2.0, 2.0]


def test_lazy_terms_are_absent_between_their_turns() -> None:
    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        draw()
        yield Update("a", {"always": nets.a.w})
        if clock.every(3):
            yield Update("a", {"lazy": 3 * nets.a.w})

    seen = Reports()
    trainer(number_game(step, a=1), examples=8 * 5, hooks=[seen]).fit()
    assert ["a/lazy" in figures for figures in seen.figures()] == [True, False, False, True, False]


def test_watched_figures_are_not_trained_on() -> None:
    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        draw()
        yield Update("a", {"loss": nets.a.w}, watch={"seen": 100 * nets.a.w})

    run = trainer(number_game(step, a=1), examples=8)
    run.fit()
    assert run.nets.a.w.item() == pytest.approx(0.9)


def test_after_step_is_called_once_a_step_without_gradients_and_with_averages() -> None:
    called: list[tuple[bool, float, int, int]] = []

    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        yield Update("a", {"loss": nets.a.w * draw().image.mean()}, watch={"mean": nets.a.w.detach()})

    def after_step(nets: Networks, report: dict[str, Tensor], clock: Any) -> None:
        called.append((torch.is_grad_enabled(), report["a/mean"].item(), clock.step, clock.fresh))

    method = number_game(step, lr=1e-9, a=5)
    object.__setattr__(method, "after", after_step)
    trainer(method, examples=16, accumulate=2).fit()
    assert called == [(False, 5.0, 0, 8), (False, 5.0, 1, 8)]


def test_only_the_group_of_the_update_gets_gradients() -> None:
    class Look(Hook):
        def before_update(self, run: Any, group: str, parameters: Any) -> None:
            held = {name.split(".")[0] for name, value in run.nets.named_parameters() if value.grad is not None}
            assert held == {group}

    trainer(Game(), hooks=[Look()]).fit()


def test_a_parameter_without_a_gradient_keeps_no_moments() -> None:
    def make(data: Any) -> Networks:
        nets = numbers(a=1)
        nets.a.sleeping = nn.Parameter(torch.ones(2))
        return nets

    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        draw()
        yield Update("a", {"loss": nets.a.w + (nets.a.sleeping.sum() if clock.step else 0.0)})

    for optim in (Adam("a", lr=0.1), SGD("a", lr=0.1, momentum=0.9), RMSProp("a", lr=0.1)):
        run = trainer(Game(step=step, make=make, moves={"a": optim}), examples=8)
        run.fit()
        assert not [name for name in run.state()[0] if name.startswith("optim/a/a.sleeping")]
        woken = trainer(Game(step=step, make=make, moves={"a": optim}), examples=24)
        woken.fit()  # a parameter that wakes later joins
        assert (woken.nets.a.sleeping < 1).all()


def test_clipping_bounds_the_norm_of_the_whole_gradient() -> None:
    """The gradient of (3, 4) has norm 5; clipped to 1 it is (.6, .8)."""

    def make(data: Any) -> Networks:
        nets = numbers(a=0)
        nets.a.v = nn.Parameter(torch.tensor(0.0))
        return nets

    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        draw()
        yield Update("a", {"loss": 3 * nets.a.w + 4 * nets.a.v})

    for by_method, by_run in ((1.0, None), (None, 1.0), (1.0, 100.0)):  # the method's own bound comes first
        moves = {"a": SGD("a", lr=1.0, clip=by_method)}
        run = trainer(Game(step=step, make=make, moves=moves), examples=8, clip_norm=by_run)
        run.fit()
        assert run.nets.a.w.item() == pytest.approx(-0.6, abs=1e-5)
        assert run.nets.a.v.item() == pytest.approx(-0.8, abs=1e-5)


def test_a_lazy_regulariser_corrects_adam_as_stylegan2_does() -> None:
    run = trainer(Game(moves=both(Adam, lr=0.1, betas=(0.0, 0.99), lazy=16)))
    entry = run.groups["critic"].optimiser.param_groups[0]
    assert entry["lr"] == pytest.approx(0.1 * 16 / 17)
    assert entry["betas"] == pytest.approx((0.0, 0.99 ** (16 / 17)))


def test_noise_is_the_same_however_the_batch_is_cut_and_new_at_each_call() -> None:
    drawn: list[Tensor] = []

    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        n = len(draw())
        drawn.append(torch.cat([draw.noise(n, 3), draw.uniform(n, 3), draw.noise(n, 3)], 1))
        yield Update("a", {"loss": nets.a.w})

    trainer(number_game(step, a=1)).fit()
    whole = drawn.copy()
    drawn.clear()
    trainer(number_game(step, a=1), accumulate=4).fit()
    assert torch.equal(whole[0], torch.cat(drawn[:4]))
    assert torch.equal(whole[1], torch.cat(drawn[4:]))
    assert not torch.equal(whole[0], whole[1])
    assert not torch.equal(whole[0][:, :3], whole[0][:, 6:])
    assert whole[0][:, 3:6].min() >= 0
    assert whole[0][:, 3:6].max() < 1


def test_a_draw_gives_fresh_images_at_each_call_and_no_image_twice_in_an_epoch() -> None:
    seen: list[Tensor] = []

    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        seen.extend([draw().image, draw().image])
        yield Update("a", {"loss": nets.a.w})

    run = trainer(number_game(step, a=1), examples=32)
    run.fit()
    shown = torch.cat(seen)  # 4 steps of two draws of 8: one epoch of 64
    assert len(torch.unique(shown, dim=0)) == 64
    assert run.position == 8
    assert run.clock.examples == 32


def test_overfitting_shows_one_batch_over_and_over_and_drives_the_loss_down() -> None:
    shown: list[Tensor] = []

    def step(nets: Any, draw: Any, clock: Any) -> Iterator[Any]:
        real = draw().image
        shown.append(real)
        yield Update("critic", {"distance": ((nets.critic(real) - real.prod(1, keepdim=True)) ** 2).mean()})

    seen = Reports()
    moves = {"critic": Adam("critic", lr=0.05)}

    def make(data: Any) -> Networks:
        return Networks(critic=nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1)))

    game = Game(step=step, make=make, moves=moves)
    trainer(game, examples=8 * 200, overfit_one_batch=True, hooks=[seen]).fit()
    assert all(torch.equal(real, shown[0]) for real in shown)
    losses = [figures["critic/distance"] for figures in seen.figures()]
    assert losses[-1] < losses[0] / 100
