"""How time grows with length: attention, recurrent layers and state spaces over n places, by the slope of the logs.

    python benchmarks/complexity.py

Seconds at each length, the exponent of their growth, and that of the multiplications, which are counted by hand.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from record import record
from torch import Tensor, nn

from saddlepoint.nn.layers.attention import Attention
from saddlepoint.nn.layers.state_space import Mamba2Mixer
from saddlepoint.report.tables import print_table

LENGTHS, WIDTH, STATE, CHUNK, ROUNDS, BOUND = (1024, 2048, 4096, 8192), 64, 16, 64, 3, 0.3


def seconds(run: Callable[[], object]) -> float:
    """The least of some rounds, after one that is not counted."""
    run()
    spans = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        spans.append(time.perf_counter() - start)
    return min(spans)


def slope(figures: list[float]) -> float:
    """The exponent of the growth, by least squares over the logs."""
    return float(np.polyfit(np.log(LENGTHS), np.log(figures), 1)[0])


def multiplications(name: str, n: int) -> int:
    """Of one pass over n places, by hand."""
    d = WIDTH
    if name == "attention":
        return 4 * n * d * d + 2 * n * n * d
    if name == "recurrent":
        return 2 * n * d * d
    inner, q = 2 * d, CHUNK
    return (
        n * d * (2 * inner + 2 * STATE + inner // 16)
        + n * inner * (4 + d)
        + n * q * (STATE + inner)
        + 2 * n * STATE * inner
    )


def main() -> None:
    argparse.ArgumentParser(description=__doc__.split("\n", 1)[0]).parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    recurrent, attention = nn.RNN(WIDTH, WIDTH, batch_first=True), Attention(WIDTH, 1)
    mixer = Mamba2Mixer(WIDTH, state=STATE, head=16, chunk=CHUNK)
    layers: dict[str, Callable[[Tensor], object]] = {
        "attention": attention,
        "recurrent": recurrent,
        "state space": mixer,
    }
    rows = []
    with torch.no_grad():
        for name, layer in layers.items():
            inputs = [torch.randn(1, n, WIDTH) for n in LENGTHS]
            spans = [seconds(partial(layer, x)) for x in inputs]
            counts = [float(multiplications(name, n)) for n in LENGTHS]
            times = {f"s, n = {n}": span for n, span in zip(LENGTHS, spans)}
            rows.append({"layer": name, **times, "exponent": slope(spans), "of multiplications": slope(counts)})
            print_table([rows[-1]])
    path = record(
        "complexity",
        "How time grows with length",
        f"One layer of {WIDTH} numbers a place, forwards, on one thread: the least of {ROUNDS} rounds. The exponent is"
        " the slope of the logarithms, beside that of the multiplications counted by hand.",
        {"": rows},
        notes=["Attention is asked to come to 2 and the others to 1, within .3."],
    )
    print(path)
    wanted = {"attention": 2.0, "recurrent": 1.0, "state space": 1.0}
    off = [row["layer"] for row in rows if abs(float(str(row["exponent"])) - wanted[str(row["layer"])]) > BOUND]
    raise SystemExit(f"another exponent than expected: {', '.join(map(str, off))}" if off else 0)


if __name__ == "__main__":
    main()
