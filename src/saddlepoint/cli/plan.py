"""plan: say what a load of requests costs on given machines, from the measured times of a served model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import tyro

from saddlepoint.cli.arguments import parsed
from saddlepoint.deploy.destination import Destination
from saddlepoint.engine.distributed import DEVICE
from saddlepoint.errors import ConfigError
from saddlepoint.report.tables import print_table
from saddlepoint.storage.whole import replace

_SIZES = (1, 2, 4, 8, 16, 32)
_SECONDS = 20.0  # for all sizes together, about


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Say how many replicas of `saddle serve` a load needs, and what they cost in a month.

    First `saddle plan RUN --measure rates.json` times batches of this model on this machine. Then `saddle plan --rates
    rates.json --machines machines.json --load 40` says for each machine how many requests a second one replica answers
    in time, how many replicas the day's peak needs, and what a month costs with replicas that follow the load, or of
    machines that are bought.
    """

    run: tyro.conf.Positional[Path | None] = None
    """with --measure: the folder of a run or of a saved model, hub:OWNER/NAME or zoo:NAME"""
    measure: Path | None = None
    """rates to write, in JSON, which must be new"""
    rates: Path | None = None
    """rates of an earlier --measure, or of one's own: {"seconds": {"1": 0.02, "8": 0.09}}, by the size of a batch"""
    machines: Path | None = None
    """machines to be had: {"machines": [{"name": "small", "price_hour": 0.1, "speed": 1.5}]}; by default this one,
    without a price"""
    load: float = 1.0
    """requests a second at the peak of the day, of one image each"""
    day: tuple[float, ...] = ()
    """24 shares of the peak, one for each hour; by default the peak all day"""
    seconds: float = 1.0
    """seconds within which answers should come"""
    share: float = 0.95
    """share of the answers that should"""
    batch: int = 32
    """most images made at once, as for `saddle serve`"""
    wait_ms: float = 4.0
    """milliseconds that the first image of a batch waits for others, as for `saddle serve`"""
    kilobytes: float = 200.0
    """kilobytes of an answer"""
    least: int = 1
    """replicas that always run; 2 so that one may fail"""
    out: Path | None = None
    """JSON file to write, which must be new"""
    device: str = DEVICE
    """with --measure: auto (the best that the machine has), cpu, cuda, cuda:1 or mps"""


def main(arguments: list[str]) -> int:
    """The command line: `saddle plan`."""
    options = parsed(Plan, "saddle plan", arguments)
    if (options.measure is None) == (options.rates is None):
        raise ConfigError("say RUN --measure FILE to measure a model, or --rates FILE to plan with what was measured.")
    return _measure(options) if options.rates is None else _plan(options, options.rates)


def _plan(options: Plan, rates_file: Path) -> int:
    from saddlepoint.deploy.plan import HOURS, Machine, Rates, as_json, break_even, capacity, offer

    if options.run is not None:
        raise ConfigError("--rates needs no RUN: leave it out, or measure it with --measure.")
    if options.day and len(options.day) != HOURS:
        raise ConfigError(f"--day has {HOURS} shares, one for each hour, and here are {len(options.day)}.")
    bounds = options.load > 0 and options.seconds > 0 and 0 < options.share < 1 and options.batch > 0
    if not bounds or options.wait_ms < 0 or options.kilobytes < 0 or options.least < 1:
        raise ConfigError("load, seconds, batch and least must be more than 0, share between 0 and 1.")
    rates = Rates.read(rates_file)
    machines = [Machine(name="this one")] if options.machines is None else Machine.read(options.machines)
    target = None if options.out is None else Destination(options.out, named=True, inputs=[rates_file])
    load = [options.load * share for share in options.day or (1.0,) * HOURS]
    offers = []
    for machine in machines:
        one = capacity(
            rates,
            seconds=options.seconds,
            share=options.share,
            most=options.batch,
            wait=options.wait_ms / 1000,
            speed=machine.speed,
        )
        offers.append(offer(machine, one, load, kilobytes=options.kilobytes, least=options.least))
    rows = [
        {
            "machine": one.machine.name,
            "requests a second, each": round(one.capacity, 2),
            "replicas": one.replicas or one.why,
            "a month": round(one.month, 2) if one.replicas else None,
            "if none are stopped": round(one.fixed, 2) if one.replicas else None,
            "1,000 answers": round(one.thousand, 4) if one.replicas else None,
        }
        for one in offers
    ]
    within = f"{100 * options.share:g} % within {options.seconds:g} s"
    print_table(rows, title=f"{options.load:g} requests a second at the peak, {within}")
    able = [one for one in offers if one.replicas]
    for edge in (one for one in able if one.machine.kind == "edge"):
        for cloud in (one for one in able if one.machine.kind == "cloud"):
            months = break_even(cloud, edge)
            when = "never costs less" if months is None else f"has cost less after {months:.1f} months"
            print(f"  {edge.machine.name} instead of {cloud.machine.name} {when}")
    if target is not None:
        with target as (file,):
            facts = {"load": load, "seconds": options.seconds, "share": options.share, "rates": dict(rates.seconds)}
            replace(file, json.dumps(as_json(offers, facts), indent=1).encode())
        print(target.path)
    return 0


def _measure(options: Plan) -> int:
    import platform

    from saddlepoint.checkpoint.model import load
    from saddlepoint.deploy.serve.measuring import batch_times
    from saddlepoint.deploy.serve.shelf import Served

    if options.run is None or options.measure is None:
        raise ConfigError("name the run to measure: saddle plan runs/0001-dcgan-photos --measure rates.json.")
    target = Destination(options.measure, named=True)
    served = Served("model", "stable", load(options.run, device=options.device))
    sizes = [size for size in _SIZES if size <= options.batch]
    times = batch_times(served, sizes, _SECONDS / len(sizes))
    facts = {
        "model": f"{served.model.name} {served.model.version}",
        "machine": f"{platform.machine()}, {platform.node()}",
    }
    facts["machine"] = f"{platform.machine()}, {options.device}"
    with target as (file,):
        replace(file, json.dumps({**facts, "seconds": times}, indent=1).encode())
    rows = [
        {"images at once": size, "seconds": round(time, 5), "images a second": round(size / time, 2)}
        for size, time in times.items()
    ]
    print_table(rows, title="from latents or an image to finished files")
    print(target.path)
    return 0
