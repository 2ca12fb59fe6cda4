"""What a growing method may do that ProGAN and StyleGAN do not: new layers that learn faster, rates that fall."""

from pathlib import Path
from typing import Any

import pytest
import torch

from games import StopAt, pictures, trainer, weights
from saddlepoint import config, methods
from saddlepoint.checkpoint import files
from saddlepoint.data.batches import DataSpec
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.optim import Group
from saddlepoint.engine.trainer import Trainer
from saddlepoint.errors import ConfigError
from saddlepoint.methods.base import Adam, Clock, at
from saddlepoint.methods.families.growing import Growing
from saddlepoint.methods.gan.progan import ProGAN

SMALL = {"latent": 8, "base": 32, "most": 8, "first_side": 4, "steady_images": 16, "fade_images": 32}
STYLED = {"style": 8, "mapping_layers": 2}
each_method = pytest.mark.parametrize("name", ["progan", "stylegan"])


def small(name: str, **settings: Any) -> Growing:
    method = config.from_json(methods.load(name), SMALL | (STYLED if name == "stylegan" else {}) | settings)
    assert isinstance(method, Growing)
    return method


def rates(method: Growing, clock: Clock) -> dict[str, float]:
    """Every parameter's learning rate, as the engine sets it, by its name."""
    torch.manual_seed(0)
    nets, found = method.networks(DataSpec.of((1, method.last_side, method.last_side))), {}
    for name, optim in method.optimisers().items():
        group = Group(name, optim, nets, TorchMachine("cpu", "float32"), None)
        group.set_rates(clock, 1.0)
        rate = {id(p): entry["lr"] for entry in group.optimiser.param_groups for p in entry["params"]}
        found |= {path: rate[id(parameter)] for path, parameter in group.parameters.items()}
    return found


def new(name: str, method: Growing, level: int) -> set[str]:
    """The parameters that take part at a level and not at the one before, by their gradients."""
    torch.manual_seed(0)
    nets, woken = method.networks(DataSpec.of((1, method.last_side, method.last_side))), []
    for now in (level - 1, level):
        nets.zero_grad()
        nets.generator.wake(now, 1.0), nets.critic.wake(now, 1.0)
        nets.critic(nets.generator(torch.randn(4, 8))).square().sum().backward()
        woken.append({path for path, parameter in nets.named_parameters() if parameter.grad is not None})
    return woken[1] - woken[0]


@each_method
def test_the_layers_of_a_new_side_learn_faster_by_how_little_they_count(name: str) -> None:
    method = small(name, last_side=16, newest_rate=5.0, lr=0.01)
    for level in (1, 2):
        newest = new(name, method, level)
        assert {path.split(".")[0] for path in newest} == {"generator", "critic"}
        for images, times in ((0, 5.0), (8, 4.0), (16, 3.0), (32, 1.0)):
            clock = Clock(stage=2 * level - 1, stage_examples=images)
            assert method.growth(clock) == (level, images / 32)
            found = rates(method, clock)
            assert [found[path] for path in newest] == pytest.approx([0.01 * times] * len(newest))
            assert {rate for path, rate in found.items() if path not in newest} == {0.01}
    for steady in (0, 2, 4):
        assert set(rates(method, Clock(stage=steady, stage_examples=8)).values()) == {0.01}


@each_method
def test_training_may_begin_at_a_larger_side_or_never_grow(name: str) -> None:
    method = small(name, first_side=8, last_side=16, newest_rate=2.0, lr=0.01)
    found = rates(method, Clock(stage=1))
    assert {path for path, rate in found.items() if rate == 0.02} == new(name, method, 2)
    assert small(name, first_side=8, last_side=8, newest_rate=2.0).newest("generator") == ()


@each_method
def test_rates_fall_over_the_second_half_of_each_side(name: str) -> None:
    """Sides of 300, 400 and the rest of the images, of which 100 fade in."""
    method = small(name, last_side=16, fade_images=100, steady_images=300, late_rate=0.5, lr=0.01)

    def share(stage: int, within: int, before: int) -> float:
        clock = Clock(stage=stage, stage_examples=within, examples=before + within, total=1700)
        (rate,) = set(rates(method, clock).values())
        return rate / 0.01

    assert [share(0, n, 0) for n in (0, 150, 225, 300)] == pytest.approx([1, 1, 0.75, 0.5])
    assert [share(1, n, 300) for n in (0, 100)] == [1, 1]
    assert [share(2, n, 400) for n in (0, 100, 200, 300)] == pytest.approx([1, 1, 0.75, 0.5])
    assert [share(3, n, 700) for n in (0, 100)] == [1, 1]
    assert [share(4, n, 800) for n in (0, 400, 650, 900)] == pytest.approx([1, 1, 0.75, 0.5])


def test_a_last_side_that_ends_while_it_fades_in_falls_over_what_there_is() -> None:
    rate = small("progan", last_side=8, fade_images=100, steady_images=300, late_rate=0.5).falling(1.0)
    assert [at(rate, Clock(stage=1, stage_examples=n, examples=300 + n, total=340)) for n in (0, 20, 30, 40)] == (
        pytest.approx([1, 1, 0.75, 0.5])
    )
    alone = small("progan", last_side=4, steady_images=300, late_rate=0.0).falling(1.0)
    assert [at(alone, Clock(stage_examples=n, examples=n, total=40)) for n in (0, 20, 30, 40)] == [1, 1, 0.5, 0]


def test_the_two_multiply() -> None:
    """In a run that ends with the fading in of its last side."""
    method = small("progan", last_side=8, newest_rate=3.0, late_rate=0.5, lr=0.01)
    for images, fall, times in ((16, 1.0, 2.0), (24, 0.75, 1.5)):
        found = rates(method, Clock(stage=1, stage_examples=images, examples=16 + images, total=48))
        assert sorted(set(found.values())) == pytest.approx([0.01 * fall, 0.01 * fall * times])


@each_method
def test_neither_is_on_unless_asked_for(name: str) -> None:
    optimisers = small(name).optimisers()
    assert optimisers == {group: Adam(group, lr=1e-3, betas=(0.0, 0.99)) for group in ("generator", "critic")}


@each_method
def test_a_run_resumed_within_a_fade_is_the_one_that_was_not_stopped(name: str, tmp_path: Path) -> None:
    method = small(name, last_side=8, newest_rate=4.0, late_rate=0.5)

    def make(*hooks: Any) -> Trainer:
        return trainer(method, pictures(), examples=64, hooks=hooks)

    straight = make()
    straight.fit()
    wanted = weights(straight)
    for step in (4, 7):  # half faded in, and at the rate that falls
        half = make(StopAt(step))
        half.fit()
        assert (half.clock.stage, half.clock.stage_examples) == ((1, 16) if step == 4 else (2, 8))
        resumed = make()
        resumed.restore(*files.read(files.write(tmp_path, step, *half.state())))
        resumed.fit()
        found = weights(resumed)
        assert wanted.keys() == found.keys()
        assert [key for key, value in wanted.items() if not torch.equal(value, found[key])] == []
    usual = trainer(small(name, last_side=8), pictures(), examples=64)
    usual.fit()
    assert [*weights(usual)] == [*wanted]
    layer = "nets/critic.blocks.0.conv1.weight"
    assert not torch.equal(weights(usual)[layer], found[layer])


def test_what_is_no_rate_is_refused() -> None:
    for rate in (0.0, -1.0, float("nan")):
        with pytest.raises(ConfigError, match=r"newest_rate cannot be .*: it must be "):
            ProGAN(newest_rate=rate)
    for rate in (-0.1, 1.5, float("nan")):
        with pytest.raises(ConfigError, match=r"late_rate cannot be .*: it must be "):
            ProGAN(late_rate=rate)
