"""A step of DCGAN training: the Trainer against the loop that tutorials teach, in one process, in turn.

    python benchmarks/train_step.py [--precision both|float32|bf16] [--pairs 15] [--resolution 64] [--batch 64]

The loop of tutorials: channels first, sigmoid and BCELoss, one backward for real and one for fake images, gradients of
the critic's weights in the generator's turn too, Adam as it comes, images normalised in float32 batch by batch. Both
train networks of the same layers and as many weights, and neither keeps an average. A pair is one step of each; the
median of the pairs' ratios counts, and is little disturbed by what else the machine does. Ends with 1 when a bar is
missed. The floor is the time that the step's convolutions and matrix products would take at the best speed that one of
them reaches here alone; below it stand the operators that take most of a step.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that spin would take time from other work
os.environ.setdefault("OMP_PROC_BIND", "true")  # one core a thread: two on one core wait for each other

import numpy as np
import torch
from loops import dcgan_of_tutorials
from torch import Tensor
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from saddlepoint.data.batches import ImageBatch
from saddlepoint.data.dataset import Dataset
from saddlepoint.data.loader import Loader
from saddlepoint.engine.distributed import TorchMachine
from saddlepoint.engine.hooks import Hook, Run
from saddlepoint.engine.run import RunSettings
from saddlepoint.engine.trainer import Trainer
from saddlepoint.methods.gan.dcgan import DCGAN

BARS = {"float32": 1.15, "bf16": 1.9}
"""least ratio of images/s to the tutorials' float32 with the default options, on two cores; bf16 where the processor
has it"""

CHANNELS, STORED, WARM = 3, 1024, 2

Step = Callable[[], object]


class Turns(Hook):
    """After each step of the Trainer, one of the other loop; both are timed, the first few left out."""

    def __init__(self, other: Step) -> None:
        self.other = other
        self.pairs: list[tuple[float, float]] = []  # seconds of theirs and of ours

    def begin(self, run: Run) -> None:
        """Start the clock."""
        self.started = time.perf_counter()

    def step(self, run: Run, report: Mapping[str, Tensor]) -> None:
        """Stop it, let the other loop step, start it again."""
        ours = time.perf_counter() - self.started
        begun = time.perf_counter()
        self.other()
        self.pairs.append((time.perf_counter() - begun, ours))
        self.started = time.perf_counter()


def train(pixels: np.ndarray, batch: int, precision: str, steps: int, *hooks: Hook) -> int:
    """Train with the Trainer for some steps; gives the number of weights trained."""
    data = Dataset({"image": pixels}, fingerprint="", source="noise")
    loader = Loader(data, ImageBatch, np.arange(len(data)))
    method = DCGAN(ema_images=0.0)
    nets = method.networks(loader.spec)
    settings = RunSettings(examples=steps * batch, batch=batch)
    Trainer(method, nets, loader, settings, TorchMachine("cpu", precision), Path(tempfile.gettempdir()), hooks).fit()
    return sum(p.numel() for p in nets.parameters())


def operations(step: Step) -> float:
    """Floating-point operations of one step's convolutions and matrix products, in thousands of millions."""
    with FlopCounterMode(display=False) as counter:
        step()
    return float(counter.get_total_flops()) / 1e9


def trained_operations(train: Callable[[int], object]) -> float:
    """The same of one of a Trainer's steps, less what it does once. train: for so many steps."""
    return operations(lambda: train(2)) - operations(lambda: train(1))


def peak(precision: str) -> float:
    """What one convolution or matrix product reaches at best, in GFLOP/s: short ones, so that one of many is alone."""
    kind = {"float32": torch.float32, "bf16": torch.bfloat16}[precision]
    matrix = torch.randn(1024, 1024).to(kind)
    images = torch.randn(8, 256, 16, 16).to(kind, memory_format=torch.channels_last)
    kernel = torch.randn(256, 256, 3, 3).to(kind, memory_format=torch.channels_last)
    work: list[tuple[Step, float]] = [
        (lambda: matrix @ matrix, 2 * 1024**3 / 1e9),
        (lambda: functional.conv2d(images, kernel, padding=1), 2 * 8 * 16**2 * 256**2 * 9 / 1e9),
    ]
    best = 0.0
    for compute, count in work:
        for _ in range(100):
            begun = time.perf_counter()
            compute()
            best = max(best, count / (time.perf_counter() - begun))
    return best


def shares(pixels: np.ndarray, batch: int, precision: str) -> list[tuple[str, float]]:
    """The operators that take most of a step's own time, and their share of it."""
    with profile(activities=[ProfilerActivity.CPU]) as record:
        train(pixels, batch, precision, 3)
    spent = sorted(((event.self_cpu_time_total, event.key) for event in record.key_averages()), reverse=True)
    total = sum(own for own, _ in spent)
    return [(name, own / total) for own, name in spent[:6]]


def compare(pixels: np.ndarray, batch: int, pairs: int, precision: str) -> bool:
    """Measure one precision and print it; whether its bar is met."""
    other = dcgan_of_tutorials(pixels, batch)
    turns = Turns(other.step)
    ours = train(pixels, batch, precision, WARM + pairs, turns)
    assert ours == other.weights, f"{ours} weights against {other.weights}: the networks are not the same"
    timed = turns.pairs[WARM:]
    ratio = statistics.median(theirs / own for theirs, own in timed)
    slow, fast = (statistics.median(column) for column in zip(*timed))
    more, less = operations(other.step), trained_operations(lambda steps: train(pixels, batch, precision, steps))
    print(f"{'tutorials, float32':<24}{more:>8.0f}{batch / slow:>10.1f}{1:>8.2f}")
    print(f"{'Trainer, ' + precision:<24}{less:>8.0f}{batch / fast:>10.1f}{ratio:>8.2f}{BARS[precision]:>8.2f}")
    speed, quickest = peak(precision), min(own for _, own in timed)
    took = f"{less / speed / quickest:.0%} of the quickest step, which took {quickest:.2f} s"
    print(f"  floor {less / speed:.2f} s at {speed:.0f} GFLOP/s: {took}")
    print("  " + ", ".join(f"{name} {share:.0%}" for name, share in shares(pixels, batch, precision)))
    return ratio >= BARS[precision]


def main() -> int:
    """Compares in each precision asked for, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--precision", choices=("both", "float32", "bf16"), default="both")
    parser.add_argument("--pairs", type=int, default=15, help="steps of each way that are timed")
    parser.add_argument("--resolution", type=int, default=64, help="side of the images")
    parser.add_argument("--batch", type=int, default=64, help="images in a step")
    parser.add_argument("--threads", type=int, default=2, help="processor threads; the bars are set for two")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    size = (max(STORED, asked.batch), CHANNELS, asked.resolution, asked.resolution)
    pixels = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    wanted = list(BARS) if asked.precision == "both" else [asked.precision]
    if "bf16" in wanted and not torch.cpu.get_capabilities().get("avx512_bf16"):
        print("this processor computes bf16 no faster than float32: its bar does not hold here")
        wanted.remove("bf16")
    print(f"DCGAN, {asked.resolution} px, batch {asked.batch}, {asked.threads} threads; medians of {asked.pairs} pairs")
    print(f"{'way':<24}{'GFLOP':>8}{'images/s':>10}{'ratio':>8}{'bar':>8}")
    met = [compare(pixels, asked.batch, asked.pairs, precision) for precision in wanted]
    return 0 if all(met) else 1


if __name__ == "__main__":
    raise SystemExit(main())
