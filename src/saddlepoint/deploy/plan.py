"""What a load costs: how many replicas of which machine, from the measured time of batches and a queue before each.

A proxy divides the requests by chance, so that each replica has a Poisson stream of its own; it makes what waits in
batches, as `saddle serve` does. The rate at which its answers are still in time is found by simulation, since no
formula is known for batches whose time grows with their size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, final

import numpy as np

from saddlepoint.errors import ConfigError, DataError
from saddlepoint.storage import documents
from saddlepoint.storage.plain import Unfit

HOURS = 24
DAYS = 30.4
"""of a month"""
_STEPS = 14  # of the search for the highest rate
_MOST_LOAD = 0.85  # of the rate that full batches could do: above it any burst is a queue
_MOST_REPLICAS = 100_000


@final
@dataclass(frozen=True)
class Rates:
    """Seconds of one batch by its size, from the first request in it to the last answer, on one machine.

    Raises DataError for what are no times.
    """

    seconds: Mapping[int, float]
    model: str = ""
    machine: str = ""

    def __post_init__(self) -> None:
        sizes = sorted(self.seconds)
        if not sizes or sizes[0] < 1 or not all(0 < self.seconds[size] < math.inf for size in sizes):
            raise DataError("rates are seconds, more than 0, by the size of a batch.")

    @property
    def most(self) -> int:
        """The largest batch that was measured."""
        return max(self.seconds)

    @cached_property
    def _times(self) -> list[float]:
        """Seconds of a batch of 1, 2, ..., most: along lines between what was measured, and never falling."""
        sizes = sorted(self.seconds)
        times = np.interp(np.arange(1, self.most + 1), sizes, [self.seconds[size] for size in sizes])
        return [float(time) for time in np.maximum.accumulate(times)]

    def time(self, size: int, speed: float = 1.0) -> float:
        """Seconds of a batch on a machine that is `speed` times as fast."""
        return self._times[size - 1] / speed

    @classmethod
    def read(cls, path: Path) -> Rates:
        """Read them from JSON, {"seconds": {"1": 0.02, "8": 0.09}}. Raises DataError."""
        try:
            entries = documents.table(path)
            seconds = {int(size): float(time) for size, time in dict(entries["seconds"]).items()}
            return cls(seconds, str(entries.get("model", ""))[:200], str(entries.get("machine", ""))[:200])
        except (Unfit, OSError, KeyError, ValueError, TypeError, OverflowError) as error:
            raise DataError(f'{path} holds no rates: it is {{"seconds": {{"1": 0.02}}}} ({error}).') from error


@final
@dataclass(frozen=True, kw_only=True)
class Machine:
    """A machine that can be had. Raises ConfigError for numbers that cannot be.

    speed: times that of the machine of the rates. price_hour: of a cloud machine while it runs. price, years, watts,
    price_kwh: of one that is bought and stands where the clients are. price_gigabyte: of what leaves the cloud.
    most: replicas at most.
    """

    name: str
    kind: Literal["cloud", "edge"] = "cloud"
    speed: float = 1.0
    price_hour: float = 0.0
    price: float = 0.0
    years: float = 3.0
    watts: float = 0.0
    price_kwh: float = 0.0
    price_gigabyte: float = 0.0
    most: int = 50

    def __post_init__(self) -> None:
        if self.kind not in ("cloud", "edge"):
            raise ConfigError(f"the machine {self.name} is of no kind {self.kind!r}: it is cloud or edge.")
        values = (self.price_hour, self.price, self.watts, self.price_kwh, self.price_gigabyte)
        if not all(0 <= value < math.inf for value in values) or not (self.speed > 0 and self.years > 0):
            raise ConfigError(f"the machine {self.name} has a price below 0, or no speed or years.")
        if self.most < 1:
            raise ConfigError(f"the machine {self.name} cannot be had {self.most} times.")

    @classmethod
    def read(cls, path: Path) -> list[Machine]:
        """Read them from JSON, {"machines": [{"name": "small", "price_hour": 0.1}]}. Raises ConfigError."""
        try:
            return [cls(**entry) for entry in documents.table(path)["machines"]]
        except (Unfit, OSError, KeyError, TypeError) as error:
            raise ConfigError(f"{path} lists no machines: {error}.") from error


@final
@dataclass(frozen=True)
class Offer:
    """What a load costs on one kind of machine.

    capacity: requests a second of one replica whose answers are in time; 0 where none are, however few come. replicas:
    at the peak; 0 where it cannot be done. hourly: replicas in each hour of the day. month: its cost with replicas
    that follow the load, or of all that stand where it is edge. fixed: with as many as at the peak all the time.
    """

    machine: Machine
    capacity: float
    replicas: int
    hourly: tuple[int, ...]
    month: float
    fixed: float
    thousand: float
    why: str = ""


def simulated(
    rates: Rates, rate: float, *, most: int, wait: float, speed: float = 1.0, requests: int = 4000, seed: int = 0
) -> tuple[np.ndarray, float]:
    """Seconds until each answer of one replica, and the share of the time that it works.

    rate: requests a second that come by chance. most: of a batch. wait: seconds that the first waits for others.
    """
    arrivals = np.cumsum(np.random.default_rng(seed).exponential(1 / rate, requests)).tolist()
    delays: list[float] = []
    free, worked, place = 0.0, 0.0, 0
    while place < requests:
        full = arrivals[place + most - 1] if place + most <= requests else math.inf
        begin = max(free, min(arrivals[place] + wait, full))
        last = place + 1
        while last < min(place + most, requests) and arrivals[last] <= begin:
            last += 1
        time = rates.time(last - place, speed)
        free, worked = begin + time, worked + time
        delays += [free - arrival for arrival in arrivals[place:last]]
        place = last
    return np.array(delays), worked / free


def capacity(
    rates: Rates, *, seconds: float, share: float = 0.95, most: int = 32, wait: float = 0.004, speed: float = 1.0
) -> float:
    """The highest rate at which `share` of a replica's answers come within `seconds`; 0 where none is low enough."""
    most = min(most, rates.most)

    def fits(rate: float) -> bool:
        return bool(np.quantile(simulated(rates, rate, most=most, wait=wait, speed=speed)[0], share) <= seconds)

    high = _MOST_LOAD * max(size / rates.time(size, speed) for size in range(1, most + 1))
    low = high / 1000
    if not fits(low):
        return 0.0
    if fits(high):
        return high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def offer(machine: Machine, one: float, load: Sequence[float], *, kilobytes: float = 200.0, least: int = 1) -> Offer:
    """What a load costs. one: `capacity` of a replica. load: requests a second in each hour of a day.

    kilobytes: of an answer. least: replicas that always run, so that one may fail.
    """
    if len(load) != HOURS or not all(0 <= rate < math.inf for rate in load):
        raise ConfigError(f"a day has {HOURS} hours, with 0 requests a second or more in each.")
    if not one:
        return Offer(machine, 0.0, 0, (), 0.0, 0.0, 0.0, "no answer is in time, however few come")
    hourly = tuple(max(least, math.ceil(min(rate / one, _MOST_REPLICAS))) for rate in load)
    peak = max(hourly)
    if peak > machine.most:
        return Offer(
            machine, one, 0, (), 0.0, 0.0, 0.0, f"{peak:,} replicas are more than the {machine.most:,} to be had"
        )
    requests = 3600 * sum(load) * DAYS
    sent = requests * kilobytes / 1e6 * machine.price_gigabyte
    if machine.kind == "edge":
        power = machine.watts / 1000 * HOURS * DAYS * machine.price_kwh
        month = fixed = peak * (machine.price / (12 * machine.years) + power) + sent
    else:
        month = sum(hourly) * machine.price_hour * DAYS + sent
        fixed = peak * HOURS * machine.price_hour * DAYS + sent
    return Offer(machine, one, peak, hourly, month, fixed, 1000 * month / requests if requests else 0.0)


def break_even(cloud: Offer, edge: Offer) -> float | None:
    """Months after which machines that are bought have cost less than rented ones; None where they never have."""
    bought = edge.replicas * edge.machine.price
    running = edge.month - bought / (12 * edge.machine.years)
    saved = cloud.month - running
    return bought / saved if saved > 0 else None


def as_json(offers: Sequence[Offer], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The offers as JSON."""
    rows = [{**vars(one), "machine": vars(one.machine)} for one in offers]
    return {**facts, "offers": rows}
