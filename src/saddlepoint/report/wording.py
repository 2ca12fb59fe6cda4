"""Numbers and times as a person reads them."""

from __future__ import annotations


def number(value: object) -> str:
    """A cell or a setting as text: whole numbers with commas, others to four figures, nothing as a dash."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:,.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(number(item) for item in value) or "–"
    return str(value)


def short(value: float) -> str:
    """A number as an axis shows it: 1500 is "1.5k", 2e6 is "2M"."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.6g}{letter}"
    return f"{value:.6g}".replace("-", "−")


def duration(seconds: float) -> str:
    """A span of time in its two largest units: "42 s", "3 min 05 s", "2 h 10 min", "3 d 04 h"."""
    whole = round(seconds)
    for size, unit, below, lesser in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // below:02d} {lesser}"
    return f"{whole} s"
