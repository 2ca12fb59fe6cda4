"""Times examples made number by number twice: with what earlier steps have computed, and by whole passes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from record import record
from torch import Tensor

from saddlepoint.report.tables import print_table

BAR = 5.0
"""times that the cache must be faster"""
Way = Callable[[], Tensor]


def row(model: str, cached: Way, whole: Way, unit: str) -> dict[str, Any]:
    """Processor seconds of both ways, and how many numbers of their results differ; printed as well.

    unit: what is made, such as pixels.
    """
    begun = time.process_time()
    fast = cached()
    middle = time.process_time()
    slow = whole()
    seconds, naive = middle - begun, time.process_time() - middle
    figures = {"model": model, "naive s": naive, "cached s": seconds, "times faster": naive / seconds}
    figures[f"{unit} that differ"] = int((fast != slow).sum())
    print_table([figures])
    return figures


def finish(name: str, title: str, protocol: str, rows: list[dict[str, Any]], unit: str) -> int:
    """Record the rows; 1 where one of them is under the bar or its results differ, else 0."""
    protocol += " Seconds of one processor thread, both ways in one run, so the ratio is what counts."
    print(record(name, title, protocol, {"": rows}, notes=[f"The bar is {BAR:g} times faster with the same {unit}."]))
    short = [each["model"] for each in rows if under(each, unit)]
    print(f"under the bar: {', '.join(map(str, short))}" if short else "all over the bar")
    return 1 if short else 0


def under(figures: Mapping[str, Any], unit: str) -> bool:
    """Whether a row is under the bar, or its results differ."""
    return bool(figures["times faster"] < BAR or figures[f"{unit} that differ"])


def alone() -> None:
    """One thread, and the same first weights in every run."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
