"""Images made worse in a known way, so that a method learns the way back; one file a degradation, found by looking.

`NAMEn:DATA` is a data set of pairs: what `NAME` makes of each image of `DATA` with the amount n, and the image.
A file holds `degrade(images, amount)`: uint8 [N, C, H, W] to uint8 [N, C, h, w], a function of these alone; and
`USUAL`, the amount of its example.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.errors import ConfigError

_HERE = Path(__file__).parent
_WORD = re.compile(r"([a-z_]+?)(\d{1,4}):(.+)", re.DOTALL)


def names() -> tuple[str, ...]:
    """All degradations."""
    return tuple(sorted(path.stem for path in _HERE.glob("*.py") if not path.stem.startswith("_")))


def split(word: str) -> tuple[str, int, str] | None:
    """The degradation, its amount and the data that a word names; None for a word that names no degradation."""
    match = _WORD.fullmatch(word)
    return (match[1], int(match[2]), match[3]) if match and match[1] in names() else None


def pairs(dataset: Dataset, name: str, amount: int, word: str) -> Dataset:
    """Degraded images as sources and the images as targets. Raises ConfigError for data without images."""
    kind = dataset.spec().image()
    if kind.bits != 8 or "target" in dataset.fields:
        raise ConfigError(f"{word} degrades single images of 8 bits; {dataset.source} has {kind}.")
    target = dataset.examples
    source = importlib.import_module(f"{__name__}.{name}").degrade(target, amount)
    note = f"sources are the images after {name} {amount}"
    prints = fingerprint(source, None), dataset.fingerprint
    return Dataset(
        {"source": source, "target": target}, "".join(prints)[:64], word, (), (*dataset.notes, note), dataset.skipped
    )
