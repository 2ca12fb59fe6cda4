"""Learners beyond plain gradients: without one, at rates that a buffer holds, with rows that begin anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from games import Game, StopAt, both, points, trainer, weights
from saddlepoint.checkpoint import files
from saddlepoint.data.batches import VolumeBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.engine.hooks import Hook
from saddlepoint.engine.memory import estimate
from saddlepoint.errors import MethodError
from saddlepoint.methods.base import SGD, Adam, AdamW, Closed, Ema, Held, Moves, Networks, Part, Update
from saddlepoint.nn.layers.number import Number
from saddlepoint.nn.layers.pool import Pool


class Means(nn.Module):
    """The learners of k-means in the plane."""

    def __init__(self) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.tensor([[0.0, 0.0], [2.0, -2.0]]), requires_grad=False)


def k_means(nets: Networks, draw: Any, clock: Any) -> Moves:
    image = draw().image  # [N, 2]
    near = torch.cdist(image, nets.means.centres).argmin(1)
    member = nn.functional.one_hot(near, 2).float()  # [N, 2]
    watch = {"members": member.mean(0), "sums": member.T @ image / len(image)}  # shares: see Update
    yield Update("means", {}, watch=watch)


def to_their_means(nets: Networks, report: Mapping[str, Tensor], clock: Any) -> None:
    nets.means.centres.copy_(report["means/sums"] / report["means/members"].clamp(min=1e-9)[:, None])


def closed(**settings: Any) -> Any:
    game = Game(
        step=k_means,
        make=lambda data: Networks(means=Means()),
        moves={"means": Closed("means")},
        after=to_their_means,
    )
    return trainer(game, points(), **settings)


def test_a_learner_without_gradient_is_moved_by_what_it_watches() -> None:
    for parts in (1, 4):
        run = closed(examples=8, accumulate=parts)
        run.fit()
        image = torch.as_tensor(run.data.read(0, 8).image)
        near = torch.cdist(image, Means().centres).argmin(1)
        wanted = torch.stack([image[near == index].mean(0) for index in range(2)])
        torch.testing.assert_close(run.nets.means.centres.data, wanted)


def test_a_learner_without_gradient_is_resumed(tmp_path: Path) -> None:
    straight, half, resumed = closed(examples=64), closed(examples=64, hooks=[StopAt(4)]), closed(examples=64)
    straight.fit(), half.fit()
    resumed.restore(*files.read(files.write(tmp_path, 4, *half.state())))
    resumed.fit()
    assert torch.equal(weights(straight)["nets/means.centres"], weights(resumed)["nets/means.centres"])


def test_its_memory_can_be_estimated() -> None:
    assert estimate(closed()).gradients == 0


def loss_of_closed(nets: Networks, draw: Any, clock: Any) -> Moves:
    yield Update("means", {"loss": draw().image.mean() * nets.means.centres.sum()})


def nothing_watched(nets: Networks, draw: Any, clock: Any) -> Moves:
    yield Update("means", {})


@pytest.mark.parametrize(
    ("step", "said"),
    [(loss_of_closed, "group means is Closed: it learns from what it watches"), (nothing_watched, "watches nothing")],
)
def test_what_a_learner_without_gradient_cannot_do_is_refused(step: Any, said: str) -> None:
    game = Game(step=step, make=lambda data: Networks(means=Means()), moves={"means": Closed("means")})
    with pytest.raises(MethodError, match=said):
        trainer(game, points()).fit()


# -- rates ------------------------------------------------------------------------------------------------------------


def held(**settings: Any) -> Any:
    """A rate of 0.1 that is halved after every step."""

    def make(data: Any) -> Networks:
        return Networks(a=nn.Linear(2, 1), rate=Number(0.1))

    def step(nets: Networks, draw: Any, clock: Any) -> Moves:
        yield Update("a", {"loss": nets.a(draw().image).mean()})

    def halve(nets: Networks, report: Any, clock: Any) -> None:
        nets.rate.value = nets.rate.value / 2

    moves = {"a": SGD("a", lr=Held("rate"), parts=(Part(paths=("a.bias",), rate=10.0),))}
    return trainer(Game(step=step, make=make, moves=moves, after=halve), points(), **settings)


def test_a_rate_may_be_held_by_a_buffer() -> None:
    rates: list[list[float]] = []

    class Look(Hook):
        def step(self, run: Any, report: Any) -> None:
            rates.append([entry["lr"] for entry in run.groups["a"].optimiser.param_groups])
            assert run.figures["learning_rate/a"] == rates[-1][0]

    run = held(examples=24, hooks=[Look()])
    run.fit()
    assert [rate for rate, _ in rates] == pytest.approx([0.1, 0.05, 0.025])
    assert [rate for _, rate in rates] == pytest.approx([1, 0.5, 0.25])
    assert run.nets.a.bias.item() == pytest.approx(run_bias() - 1.75, abs=1e-5)  # its gradient is 1


def run_bias() -> float:
    return held().nets.a.bias.item()


def test_a_held_rate_is_resumed() -> None:
    straight, half, resumed = held(examples=64), held(examples=64, hooks=[StopAt(3)]), held(examples=64)
    straight.fit(), half.fit()
    resumed.restore(*half.state())
    resumed.fit()
    for name, value in weights(straight).items():
        assert torch.equal(value, weights(resumed)[name])


@pytest.mark.parametrize(
    ("buffer", "said"),
    [("rates", "no single buffer is 'rates'"), ("critic.w", "no single buffer"), ("two.value", "more than one number")],
)
def test_a_rate_that_no_buffer_holds_is_refused(buffer: str, said: str) -> None:
    def make(data: Any) -> Networks:
        return Networks(generator=nn.Linear(3, 2), critic=nn.Linear(2, 1), two=Number(torch.ones(2)))

    with pytest.raises(MethodError, match=said):
        trainer(Game(make=make, moves=both(Adam, lr=Held(buffer))))


def test_adamw_lets_only_matrices_decay() -> None:
    def make(data: Any) -> Networks:
        return Networks(a=nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)))

    def step(nets: Networks, draw: Any, clock: Any) -> Moves:
        yield Update("a", {"loss": 0 * nets.a(draw().image).mean()})

    parts = (Part(paths=("a.1",), rate=2.0),)
    game = Game(step=step, make=make, moves={"a": AdamW("a", lr=0.1, weight_decay=0.5, parts=parts)})
    run = trainer(game, points(), examples=8)
    before = weights(run)
    run.fit()
    after = weights(run)
    for layer, kept in (("a.0", 1 - 0.1 * 0.5), ("a.1", 1 - 0.2 * 0.5)):
        torch.testing.assert_close(after[f"nets/{layer}.weight"], kept * before[f"nets/{layer}.weight"])
        torch.testing.assert_close(after[f"nets/{layer}.bias"], before[f"nets/{layer}.bias"])


# -- rows -------------------------------------------------------------------------------------------------------------


def pooled(after: Any, **settings: Any) -> Any:
    """Four of six points in the plane, drawn towards the data; one is born after the second step."""

    def make(data: Any) -> Networks:
        return Networks(pool=Pool(6, place=torch.arange(8.0).view(4, 2), size=torch.ones(4)))

    def step(nets: Networks, draw: Any, clock: Any) -> Moves:
        alive = nets.pool.living()
        distance = torch.cdist(draw().image, alive["place"]).square().mean()
        yield Update("pool", {"distance": distance + alive["size"].square().mean()})

    moves = {"pool": Adam("pool", lr=0.1)}
    average = Ema(("pool",), 1e6, None)
    return trainer(Game(step=step, make=make, moves=moves, after=after, average=average), points(), **settings)


def birth(nets: Networks, report: Any, clock: Any) -> Any:
    if clock.step != 1:
        return None
    nets.pool.prune(torch.tensor([0]))
    rows = nets.pool.bear(place=torch.rand(1, 2), size=torch.ones(1))
    return {"pool": rows}


def test_rows_that_are_born_begin_with_new_moments_and_as_they_are_in_the_average() -> None:
    run = pooled(birth, examples=16)
    run.fit()
    for path in ("place", "size"):
        state = run.groups["pool"].optimiser.state[run.nets.pool.get_parameter(path)]
        live, averaged = run.nets.pool.get_parameter(path), run.average.pool.get_parameter(path)
        for moment in (state["exp_avg"], state["exp_avg_sq"]):
            assert not moment[0].any(), "the row that was born has old moments"
            assert moment[1:4].all()
        assert torch.equal(live[0], averaged[0])
        assert not torch.equal(live[1], averaged[1])


def test_rows_of_one_parameter_alone_may_begin_anew() -> None:
    run = pooled(lambda nets, report, clock: {"pool": {"pool.place": nets.pool.alive}}, examples=16)
    run.fit()
    moments = {name: value for name, value in run.state()[0].items() if name.endswith("exp_avg")}
    assert not moments["optim/pool/pool.place/exp_avg"].any()
    assert moments["optim/pool/pool.size/exp_avg"][:4].all()


def test_a_run_whose_pool_changes_is_resumed_to_the_same_bits(tmp_path: Path) -> None:
    straight, half, resumed = (pooled(birth, examples=40, hooks=hooks) for hooks in ([], [StopAt(1)], []))
    straight.fit(), half.fit()
    resumed.restore(*files.read(files.write(tmp_path, 1, *half.state())))
    resumed.fit()
    for name, value in weights(straight).items():
        assert torch.equal(value, weights(resumed)[name]), name


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"pools": torch.tensor([0])}, "renews rows of 'pools'; the optimisers are pool"),
        ({"pool": {"pool.colour": torch.tensor([0])}}, "names 'pool.colour', which group pool does not move"),
        ({"pool": torch.tensor([6])}, "6 rows want a mask"),
        ({"pool": torch.ones(5, dtype=torch.bool)}, "6 rows want a mask"),
        ({"pool": torch.tensor([0.0])}, "of int64"),
    ],
)
def test_rows_that_are_not_there_are_refused(rows: Any, said: str) -> None:
    with pytest.raises(MethodError, match=said):
        pooled(lambda nets, report, clock: rows).fit()


# -- volumes ----------------------------------------------------------------------------------------------------------


def test_networks_over_volumes_train() -> None:
    def make(data: Any) -> Networks:
        return Networks(critic=nn.Sequential(nn.Conv3d(1, 2, 3, padding=1), nn.Flatten(), nn.Linear(2 * 64, 1)))

    def step(nets: Networks, draw: Any, clock: Any) -> Moves:
        yield Update("critic", {"mean": nets.critic(draw().volume).mean()})

    data = Dataset({"volume": torch.rand(16, 1, 4, 4, 4).gt(0.5).numpy()}, "voxels", "voxels")
    game = Game(step=step, make=make, moves={"critic": SGD("critic", lr=0.1)}, average=Ema(("critic",), 10.0))
    run = trainer(game, data, takes=VolumeBatch)
    before = run.nets.critic[0].weight.clone()
    run.fit()
    assert not torch.equal(before, run.nets.critic[0].weight)
    assert run.unit == "volumes"
