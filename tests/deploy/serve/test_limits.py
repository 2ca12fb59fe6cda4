"""The bounds that need no service to be tried."""

from __future__ import annotations

import pytest

from saddlepoint.deploy.serve.limits import Limits, Rate
from saddlepoint.deploy.serve.refusal import Refusal
from saddlepoint.errors import ConfigError


def test_a_client_may_come_in_a_burst_and_then_at_the_rate() -> None:
    now = [0.0]
    rate = Rate(2.0, lambda: now[0])
    for _ in range(4):
        rate.take("a")
    with pytest.raises(Refusal, match="more than 2 requests a second") as refused:
        rate.take("a")
    assert refused.value.status == 429
    assert refused.value.headers["Retry-After"] == "1"
    rate.take("b")  # another has tokens of its own
    now[0] = 0.5
    rate.take("a")
    with pytest.raises(Refusal):
        rate.take("a")
    now[0] = 100.0
    for _ in range(4):  # never more than a burst is saved up
        rate.take("a")
    with pytest.raises(Refusal):
        rate.take("a")


def test_clients_that_come_and_go_are_forgotten() -> None:
    rate = Rate(1.0, lambda: 0.0)
    for client in range(10_100):
        rate.take(str(client))
    assert len(rate._buckets) == 10_000


@pytest.mark.parametrize("name", ["most_bytes", "most_seconds", "keep_hours"])
def test_a_bound_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} cannot be 0"):
        Limits(**{name: 0})


def test_no_bound_on_the_rate_can_be_asked_for() -> None:
    rate = Rate(Limits(rate=0).rate)
    for _ in range(1000):
        rate.take("a")
    assert not rate._buckets
