"""How long one call takes, on one thread: several ways in turn, so that what else the machine does meets all alike.

What is counted is the processor time of the calling thread, from which other processes take nothing.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch

_LEAST = 0.02
"""seconds that a round of one way lasts at least: small networks are called many times"""


def latencies(ways: Mapping[str, Callable[[], object]], rounds: int = 15) -> dict[str, float]:
    """Milliseconds of one call of each way, the median over `rounds` in which all take their turn.

    The ways must do their work in the calling thread: see `one_thread`, and `session_of` for ONNX Runtime.
    """
    with one_thread():
        calls = {name: _calls(way) for name, way in ways.items()}
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                times[name].append(_seconds(way, calls[name]) / calls[name])
    return {name: 1000 * statistics.median(seconds) for name, seconds in times.items()}


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch works in the calling thread alone."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _calls(way: Callable[[], object]) -> int:
    way()  # the first call prepares
    return max(1, round(_LEAST / max(_seconds(way, 1), 1e-6)))


def _seconds(way: Callable[[], object], calls: int) -> float:
    start = time.thread_time()
    for _ in range(calls):
        way()
    return time.thread_time() - start
