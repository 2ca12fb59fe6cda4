"""WaveNet: causal by Jacobian, cached steps equal to the whole, exact probabilities, levels that stay levels."""

import itertools
import math

import pytest
import torch

from saddlepoint.data.batches import DataSpec
from saddlepoint.data.world import lag
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.series import Series
from saddlepoint.methods.abilities import Sampling
from saddlepoint.methods.autoregressive.wavenet import WaveNet
from saddlepoint.nn.layers.causal import receptive_field
from saddlepoint.nn.layers.mu_law import levels_of, values_of

TINY = {"levels": 8, "dilations": (1, 2), "rounds": 1, "width": 6, "skip": 6, "shape": (12, 1)}


def small(steps: int = 24, levels: int = 6, **settings: object) -> tuple[WaveNet, object]:
    method = WaveNet(levels=levels, **{"dilations": (1, 2, 4), "rounds": 2, "width": 5, "skip": 7, **settings})  # type: ignore[arg-type]
    torch.manual_seed(0)
    return method, method.networks(DataSpec({"series": Series(steps, 1)})).eval().double()


def test_a_step_depends_on_the_steps_of_its_receptive_field_and_on_no_other() -> None:
    _, nets = small(steps=40, rounds=1)
    network = nets.network  # type: ignore[attr-defined]
    steps = torch.randn(1, 6, 40, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(network.of_vectors(steps)[0, 30].sum(), steps)
    seen = gradient[0].abs().sum(0) > 0
    sees = receptive_field(2, (1, 1, 2, 4))
    assert network.sees == sees == 9
    assert seen.nonzero().flatten().tolist() == list(range(30 - sees, 30))  # not its own, which is yet to come


@pytest.mark.parametrize("kernel", [2, 3])
def test_steps_with_a_queue_equal_the_whole(kernel: int) -> None:
    method, nets = small(kernel=kernel)
    tokens = torch.randint(6, (3, 24))
    step = method.stepper(nets, 3, {})  # type: ignore[arg-type]
    by_steps = [step(tokens[:, t - 1] if t else None) for t in range(24)]
    assert torch.allclose(torch.stack(by_steps, 1), method.logits(nets, tokens, {}), atol=1e-10)  # type: ignore[arg-type]


def test_probabilities_of_all_series_sum_to_one() -> None:
    method, nets = small(steps=4, levels=3)
    every = torch.tensor(list(itertools.product(range(3), repeat=4)))
    logs = method.log_likelihood(nets, values_of(every, 3, "mu-law")[:, :, None], 1, 0)  # type: ignore[arg-type]
    assert logs.exp().sum().item() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("coding", ["mu-law", "even"])
def test_levels_stay_levels(coding: str) -> None:
    for levels in (2, 32, 256):
        numbers = torch.arange(levels)
        values = values_of(numbers, levels, coding)  # type: ignore[arg-type]
        assert torch.equal(levels_of(values, levels, coding), numbers)  # type: ignore[arg-type]
        assert (values[0].item(), values[-1].item()) == (-1, 1)
    assert levels_of(torch.tensor([-3.0, 3.0]), 256, coding).tolist() == [0, 255]  # type: ignore[arg-type]


def test_mu_law_is_finer_near_nothing() -> None:
    spans = values_of(torch.arange(256), 256, "mu-law").diff()
    assert spans[127] < spans[0] / 30
    assert levels_of(torch.tensor(0.5), 256, "mu-law").item() == round(
        (math.log1p(255 * 0.5) / math.log(256) + 1) / 2 * 255
    )


def test_at_temperature_0_the_likeliest_step_is_taken_whatever_the_noise() -> None:
    method, nets = small()
    latents = method.latents(nets, 4, 0)  # type: ignore[arg-type]
    series = method.generate(nets, latents, Sampling(temperature=0.0))  # type: ignore[arg-type]
    assert (series == series[:1]).all()
    assert series.shape == (4, 24, 1)


def test_the_worlds_law_is_the_one_it_is_made_by() -> None:
    numbers = lag.levels(400, 64)
    assert lag.transition().sum(1) == pytest.approx(1)
    assert lag.stationary() @ lag.transition() == pytest.approx(lag.stationary(), abs=1e-9)
    law, long_run = lag.transition(), lag.stationary()
    with_chance = -(long_run[:, None] * law * torch.from_numpy(law).clamp(min=1e-300).log().numpy()).sum()
    alone = -(long_run * torch.from_numpy(long_run).log().numpy()).sum()
    assert -lag.log_probability(numbers).mean() == pytest.approx(16 * alone + 48 * with_chance, rel=0.01)


def test_series_of_several_numbers_are_refused() -> None:
    with pytest.raises(ConfigError, match="series of one number a step; the data has 2"):
        WaveNet().networks(DataSpec({"series": Series(8, 2)}))
