"""ONNX Runtime against eager PyTorch: what one call takes, of everything that every method can be asked.

    python benchmarks/onnx_runtime.py [--methods dcgan acgan] [--rounds 15]

Networks as each method's proof builds them, with new weights, since their values take no time. Both on one thread, in
turn; the exported file is checked against the method first, as `saddle export` does it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from record import record

from saddlepoint import methods
from saddlepoint.checkpoint.model import Model
from saddlepoint.data.open import open_data
from saddlepoint.deploy.export import Exported, exported
from saddlepoint.deploy.latency import latencies
from saddlepoint.deploy.parity import BATCHES, LIMIT, fed, session_of
from saddlepoint.engine import plan as plans
from saddlepoint.errors import CapabilityError
from saddlepoint.methods.base import Clock
from saddlepoint.report.tables import print_table

SIZES = (1, 16)


def main() -> None:
    """Builds, exports and times each method, prints the table and keeps it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    known = [name for name, entry in methods.listing().items() if entry.family != "plug-in"]
    parser.add_argument("--methods", nargs="+", default=known, choices=known, help="which; by default all")
    parser.add_argument("--rounds", type=int, default=15, help="rounds whose median counts")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[dict[str, Any]] = []
    refused: list[str] = []
    for name in asked.methods:
        try:
            rows += [row(name, one, asked.rounds) for one in each(name)]
        except CapabilityError as error:
            refused.append(f"{name}: {error}")
        print(f"{name} done", file=sys.stderr, flush=True)
    print_table(rows)
    for text in refused:
        print(text)
    if asked.methods == known:
        record(
            "onnx",
            "ONNX Runtime against eager PyTorch",
            "Milliseconds of processor time of one call on one thread, for a batch of 1 and of 16: median of rounds in"
            " which PyTorch and ONNX Runtime take their turn; the ratio says how many times as fast ONNX Runtime is."
            " Networks as each method's proof builds them. `difference` is the largest to the method itself on random"
            f" inputs in batches of {', '.join(map(str, BATCHES))}, where images span -1 to 1; over {LIMIT:g} nothing"
            " is written. Other work ran on the machine, which processor time leaves out in the main.",
            {"": rows},
            notes=refused,
        )


def each(name: str) -> Iterator[Exported]:
    """All that the method of a proof can be asked, exported."""
    proof = methods.proof(name)
    plan = plans.make(name, {**proof.settings, "data": proof.data})
    dataset = open_data(plan.data)
    spec = dataset.spec(len(dataset.split(plan.data.held_out)[0]))
    torch.manual_seed(0)
    nets = plan.method.networks(spec).eval().requires_grad_(False)
    clock = Clock(stage=len(plan.method.stages()) - 1)
    plan.method.set_phase(nets, clock)
    yield from exported(Model(plan.method, nets, spec, {"method": name}, clock, Path()), "onnx")


def row(name: str, one: Exported, rounds: int) -> dict[str, Any]:
    """A line of the table."""
    session, part = session_of(one.content), one.part
    found: dict[str, Any] = {"method": name, "asked": part.name}
    for n in SIZES:
        inputs = part.random_inputs(n, 0)
        given = fed(part, inputs)

        def eager(inputs: tuple[torch.Tensor, ...] = inputs) -> None:
            with torch.inference_mode():
                part.truth(*inputs)

        def runtime(given: dict[str, Any] = given) -> None:
            session.run(None, given)

        times = latencies({"eager": eager, "runtime": runtime}, rounds)
        found |= {
            f"PyTorch {n}": times["eager"],
            f"ONNX {n}": times["runtime"],
            f"ratio {n}": round(times["eager"] / times["runtime"], 2),
        }
    return {**found, "difference": one.difference}


if __name__ == "__main__":
    main()
