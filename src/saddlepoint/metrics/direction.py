"""Which way of a figure is better. It is written once, where the figure is defined, and read by whoever compares."""

from __future__ import annotations

from typing import Literal

Direction = Literal["less", "more", "one"]
"""`one`: best at 1, as a ratio of generated to real is"""


def loss(direction: Direction, value: float) -> float:
    """A number that is smaller the better the value is."""
    return {"less": value, "more": -value, "one": abs(value - 1)}[direction]
