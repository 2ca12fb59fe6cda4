"""What a load costs: the queue against its known formula, and the arithmetic of prices."""

from __future__ import annotations

import json

import numpy as np
import pytest
from service_parts import small

from saddlepoint import cli
from saddlepoint.deploy.plan import Machine, Rates, break_even, capacity, offer, simulated
from saddlepoint.deploy.serve.measuring import batch_times
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.errors import CapabilityError, ConfigError, DataError

ONE = Rates({1: 0.1})
DAY = [10.0] * 24


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_without_batches_the_queue_is_that_of_pollaczek_and_khinchine(load: float) -> None:
    delays, worked = simulated(ONE, load / 0.1, most=1, wait=0.0, requests=60_000)
    assert delays.mean() == pytest.approx(0.1 + load * 0.1 / (2 * (1 - load)), rel=0.05)
    assert worked == pytest.approx(load, rel=0.02)


def test_batches_raise_what_a_replica_can_take_and_waiting_costs_what_it_says() -> None:
    rates = Rates({1: 0.1, 8: 0.17, 32: 0.41})
    alone, together = (capacity(rates, seconds=1.0, most=most) for most in (1, 32))
    assert alone <= 0.85 / 0.1 < 40 < together <= 0.85 * 32 / 0.41
    delays, _ = simulated(rates, 0.01, most=32, wait=0.05, requests=200)
    assert np.median(delays) == pytest.approx(0.15)
    assert capacity(rates, seconds=0.09) == 0.0
    assert capacity(rates, seconds=0.09, speed=2) > 0


def test_prices_add_up() -> None:
    cloud = offer(Machine(name="c", price_hour=0.5, price_gigabyte=0.1), 4.0, DAY, kilobytes=100)
    assert (cloud.replicas, cloud.hourly) == (3, (3,) * 24)
    sent = 10 * 86400 * 30.4 * 100 / 1e6 * 0.1
    assert cloud.month == pytest.approx(3 * 24 * 30.4 * 0.5 + sent)
    night = offer(Machine(name="c", price_hour=0.5), 4.0, [1.0] * 12 + [10.0] * 12, least=2)
    assert night.hourly == (2,) * 12 + (3,) * 12
    assert (night.month, night.fixed) == pytest.approx((60 * 30.4 * 0.5, 72 * 30.4 * 0.5))
    edge = offer(Machine(name="e", kind="edge", price=720, years=2, watts=100, price_kwh=0.25), 4.0, DAY)
    power = 3 * 0.1 * 24 * 30.4 * 0.25
    assert edge.month == pytest.approx(3 * 30 + power)
    assert break_even(cloud, edge) == pytest.approx(3 * 720 / (cloud.month - power))
    assert break_even(offer(Machine(name="free"), 4.0, DAY), edge) is None


def test_what_cannot_be_done_is_said() -> None:
    assert "more than the 2" in offer(Machine(name="c", most=2), 4.0, DAY).why
    assert "no answer is in time" in offer(Machine(name="c"), 0.0, DAY).why
    with pytest.raises(ConfigError, match="24 hours"):
        offer(Machine(name="c"), 1.0, [1.0])
    with pytest.raises(ConfigError, match="no kind"):
        Machine(name="x", kind="moon")  # type: ignore[arg-type]
    for seconds in ({}, {0: 1.0}, {1: 0.0}, {1: float("inf")}):
        with pytest.raises(DataError):
            Rates(seconds)


def test_a_model_is_measured_and_planned_with_on_the_command_line(tmp_path, capsys) -> None:
    served = Served("faces", "stable", small("dcgan", (3, 16, 16), latent=8, generator_width=4))
    times = batch_times(served, [1, 4], 0.0)
    assert 0 < times[1] < times[4] * 2
    with pytest.raises(CapabilityError, match="by hand"):
        batch_times(
            Served("signs", "stable", small("gan3d", (1, 8, 8, 8), latent=4, generator_width=4, critic_width=4)), [1], 0
        )
    (tmp_path / "rates.json").write_text(json.dumps({"seconds": {"1": 0.02, "16": 0.1}}))
    machines = [{"name": "small", "price_hour": 0.1}, {"name": "box", "kind": "edge", "price": 500, "speed": 0.5}]
    (tmp_path / "machines.json").write_text(json.dumps({"machines": machines}))
    words = ["--rates", "rates.json", "--machines", "machines.json", "--out", "plan.json"]
    with pytest.raises(SystemExit) as ended:
        cli.main(["plan", *(str(tmp_path / one) if one.endswith("json") else one for one in words), "--load", "200"])
    said = capsys.readouterr()
    assert ended.value.code == 0, said.err
    assert "box instead of small" in said.out
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert [one["replicas"] > 0 for one in plan["offers"]] == [True, True]
    with pytest.raises(SystemExit) as ended:
        cli.main(["plan", "--rates", str(tmp_path / "none.json")])
    assert ended.value.code == 2
