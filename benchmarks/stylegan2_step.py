"""A step of StyleGAN2 training at 64 pixels: the library's operations against their readable references, in turn.

    python benchmarks/stylegan2_step.py [--base 4096] [--batch 16] [--rounds 3]

Both ways train networks of the same first weights on the same numbers, in float32. The reference makes the weights of
each image, inserts zeros and filters them away, as the papers' equations say, with maps channels first, where it is at
its best; the library scales maps, leaves zeros out and keeps channels last. A step is the mean over the sixteen of a
cycle: one with both regularisers, three with path lengths, twelve with neither; one of each kind is timed in a round,
and the medians count.

That both compute the same is shown in float64, on smaller networks, where their weights after a step must agree to ten
digits; and in float32 the library's may be no further from those than twice as far as the reference's are. Ends with 1
when a bar is missed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import statistics
import time
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that spin would take time from other work
os.environ.setdefault("OMP_PROC_BIND", "true")  # one core a thread: two on one core wait for each other

import torch
from record import record
from torch import Tensor

from saddlepoint.data.batches import DataSpec, ImageBatch
from saddlepoint.methods.base import Clock, Update
from saddlepoint.methods.gan.stylegan2 import StyleGAN2
from saddlepoint.nn.kernels import modulated as modulation
from saddlepoint.nn.kernels import resample as resampling
from saddlepoint.nn.kernels.modulated import modulated_reference
from saddlepoint.nn.kernels.resample import resample_reference
from saddlepoint.nn.layers.augment import warp
from saddlepoint.report.tables import print_table

BAR = 1.5
"""least ratio of images/s on two cores"""

SAME = 1e-10
"""most distance of the two ways' weights in float64 after a step, as a share of how far they moved"""

SIDE = 64
CHECKED = {"base": 512, "batch": 4}
"""size of the networks and the step that are compared"""
KINDS = {"both regularisers": (16, 1), "path lengths": (4, 3), "neither": (1, 12)}
"""kind of step: a number that it has in the run, and how many of sixteen are of the kind"""


class Draw:
    """The same images and random numbers for both ways, made in float32."""

    def __init__(self, batch: int, seed: int, dtype: torch.dtype) -> None:
        self.stream, self.dtype = torch.Generator().manual_seed(seed), dtype
        self.image = self.uniform(batch, 3, SIDE, SIDE) * 2 - 1

    def __call__(self) -> ImageBatch:
        """The images."""
        return ImageBatch(self.image)

    def noise(self, n: int, *shape: int) -> Tensor:
        """N(0, 1)."""
        return torch.randn(n, *shape, generator=self.stream, dtype=torch.float32).to(self.dtype)

    def uniform(self, n: int, *shape: int) -> Tensor:
        """U[0, 1)."""
        return torch.rand(n, *shape, generator=self.stream, dtype=torch.float32).to(self.dtype)


class Way:
    """One way to compute: its own networks and optimisers."""

    def __init__(self, method: StyleGAN2, batch: int, reference: bool, dtype: torch.dtype = torch.float32) -> None:
        torch.manual_seed(0)
        self.method, self.batch, self.reference, self.dtype = method, batch, reference, dtype
        layout = torch.contiguous_format if reference else torch.channels_last
        self.nets = method.networks(DataSpec.of((3, SIDE, SIDE))).to(dtype)
        self.nets.to(memory_format=layout)  # type: ignore[call-overload]
        self.nets.augment.p.fill_(0.3)
        self.optimisers = {
            name: torch.optim.SGD(self.nets.get_submodule(name).parameters(), lr=0.1, fused=True)
            for name in ("generator", "critic")
        }  # plain descent: Adam's division would show rounding where a gradient is next to nothing; in steps of a size
        # that float32 weights can hold
        self.start = [parameter.detach().clone() for parameter in self.nets.parameters()]

    def step(self, number: int) -> float:
        """Train one step. Returns its seconds."""
        with ExitStack() as swapped:
            if self.reference:
                swapped.enter_context(patch.object(modulation, "modulated", modulated_reference))
                swapped.enter_context(patch.object(resampling, "resample", resample_reference))
                swapped.enter_context(patch.object(warp, "resample", resample_reference))
            if self.dtype == torch.float64:  # losses and norms ask for float32, which here would be less
                swapped.enter_context(patch.object(Tensor, "float", lambda tensor: tensor))
            torch.set_default_dtype(self.dtype)  # of the constants that are made on the way
            swapped.callback(torch.set_default_dtype, torch.float32)
            begun = time.perf_counter()
            clock = Clock(step=number, fresh=self.batch)
            for update in self.method.train_step(self.nets, Draw(self.batch, number, self.dtype), clock):
                assert isinstance(update, Update)
                moved = list(self.nets.get_submodule(update.group).parameters())
                torch.stack(list(update.losses.values())).sum().backward(inputs=moved)
                self.optimisers[update.group].step()
                self.optimisers[update.group].zero_grad()
            return time.perf_counter() - begun


def weights(way: Way) -> list[Tensor]:
    """All weights, to be looked at."""
    return [parameter.detach() for parameter in way.nets.parameters()]


def distance(one: Way, other: Way) -> float:
    """How far the weights of two ways are apart, as a share of how far they moved."""
    moved = zip(weights(one), weights(other), other.start)
    squares = torch.tensor(
        [[(a - b).double().square().sum(), (b - start).double().square().sum()] for a, b, start in moved]
    ).sum(0)
    return (squares[0] / squares[1]).sqrt().item()


def compare() -> tuple[bool, str]:
    """Whether both ways compute the same, by the weights after a step of each kind, and the sentence that says so."""
    method, batch = StyleGAN2(base=CHECKED["base"]), CHECKED["batch"]
    exact, far, near = 0.0, 0.0, 0.0
    for number, _ in KINDS.values():
        ways = {
            (reference, dtype): Way(method, batch, reference, dtype)
            for reference in (True, False)
            for dtype in (torch.float64, torch.float32)
        }
        for way in ways.values():
            way.step(number)
        truth = ways[True, torch.float64]
        exact = max(exact, distance(ways[False, torch.float64], truth))
        far = max(far, distance(ways[False, torch.float32], truth))
        near = max(near, distance(ways[True, torch.float32], truth))
    words = (
        f"After a step (base {CHECKED['base']}, batch {batch}) the weights of the two ways are {exact:.1e} of their way"
        f" apart in float64, and must stay under {SAME:.0e}. In float32 the library's are {far:.1e} from the"
        f" reference's in float64, and the reference's own {near:.1e}; the library's may be twice as far."
    )
    return exact < SAME and far <= 2 * near, words


def held(base: int, batch: int, reference: bool) -> int:
    """Bytes that a step with both regularisers adds to its process at the peak; every call wants a new process."""
    torch.set_num_threads(1)
    way = Way(StyleGAN2(base=base), batch, reference)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    way.step(KINDS["both regularisers"][0])
    return 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)


def memory(base: int, batch: int) -> list[dict[str, Any]]:
    """What the dearest step of each way holds, of half the batch and of the whole."""
    rows = []
    for size in (batch // 2, batch):
        peaks = []
        for reference in (True, False):
            with multiprocessing.get_context("spawn").Pool(1) as alone:
                peaks.append(alone.apply(held, (base, size, reference)) / 1e6)
        name = f"batch {size}, step with both regularisers"
        rows.append({"name": name, "reference MB": peaks[0], "library MB": peaks[1], "ratio": peaks[1] / peaks[0]})
    return rows


def main() -> int:
    """Time both ways in turn and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--base", type=int, default=4096, help="channels at a side are this number over the side")
    parser.add_argument("--batch", type=int, default=16, help="images in a step")
    parser.add_argument("--rounds", type=int, default=3, help="steps of each kind and way that are timed")
    parser.add_argument("--threads", type=int, default=2, help="processor threads; the bar is set for two")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    method = StyleGAN2(base=asked.base)
    agree, same = compare()
    slow, fast = (Way(method, asked.batch, reference) for reference in (True, False))
    timings: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    for turn in range(asked.rounds + 1):
        for kind, (number, _) in KINDS.items():
            timed = slow.step(number), fast.step(number)
            if turn:  # the first warms
                timings[kind].append(timed)
    rows, total = [], [0.0, 0.0]
    for kind, (_, count) in KINDS.items():
        times = [statistics.median(column) for column in zip(*timings[kind])]
        total = [before + count * own / 16 for before, own in zip(total, times)]
        rows.append(row(f"step with {kind}", *times))
    rows.append(row("mean of sixteen", *total))
    ratio = rows[-1]["ratio"]
    told = f"StyleGAN2, {SIDE} px, base {asked.base}, batch {asked.batch}, {asked.threads} threads, float32"
    rates = ", against ".join(f"{asked.batch / seconds:.1f} images/s" for seconds in total)
    verdict = f"{rates}. The ratio must be {BAR} or more: it is {ratio:.2f}."
    peaks = memory(asked.base, asked.batch)
    print_table(rows, title=told)
    print_table(peaks, title="Memory")
    print(f"{verdict}\n{same}")
    protocol = (
        "Both ways train the same first weights on the same numbers, in turn, in one process; medians of"
        f" {asked.rounds} rounds of wall time. The reference makes the weights of each image, inserts zeros and filters"
        " them away, as the papers' equations say."
    )
    record("stylegan2_step", "A step of StyleGAN2 against readable operations", f"{told}. {protocol}",
           {"": rows, "Memory that a step adds at its peak": peaks}, notes=[verdict, same])  # fmt: skip
    return 0 if ratio >= BAR and agree else 1


def row(name: str, reference: float, library: float) -> dict[str, Any]:
    """A line of the table, from seconds."""
    return {"name": name, "reference s": reference, "library s": library, "ratio": reference / library}


if __name__ == "__main__":
    raise SystemExit(main())
