"""Images made worse in a known way, so that a method learns the way back; one file a degradation, found by looking.

`NAMEn:DATA` is a data set of pairs: what `NAME` makes of each image of `DATA` with the amount n, and the image. Without
n it is the usual amount. A file holds `degrade(images, amount)`: uint8 [N, C, H, W] to uint8 [N, c, h, w], a function
of these and of each image's row alone; and `USUAL`, the usual amount, 0 where there is nothing to choose. Where what
is to be learnt is not the image itself, `aim(images)` says what it is. Each frame of a clip is an image, so
that what is drawn by chance flickers.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.clip import Clip
from saddlepoint.kinds.image import Image

_HERE = Path(__file__).parent
_WORD = re.compile(r"([a-z_]+?)(\d{0,4}):(.+)", re.DOTALL)


def names() -> tuple[str, ...]:
    """All degradations."""
    return tuple(sorted(path.stem for path in _HERE.glob("*.py") if not path.stem.startswith("_")))


def split(word: str) -> tuple[str, int | None, str] | None:
    """The degradation, its amount (None for the usual one) and the data that a word names.

    None for a word that names no degradation.
    """
    match = _WORD.fullmatch(word)
    if match is None or match[1] not in names():
        return None
    return match[1], int(match[2]) if match[2] else None, match[3]


def pairs(dataset: Dataset, name: str, amount: int | None, word: str) -> Dataset:
    """Degraded images, or clips, as sources and the images as targets.

    Raises ConfigError for data without images, and for an amount where there is nothing to choose.
    """
    kind = dataset.spec().main
    if not isinstance(kind, Clip):
        kind = dataset.spec().image()
    if (isinstance(kind, Image) and kind.bits != 8) or "target" in dataset.fields:
        raise ConfigError(f"{word} degrades single images of 8 bits; {dataset.source} has {kind}.")
    module = importlib.import_module(f"{__name__}.{name}")
    if module.USUAL == 0 and amount is not None:
        raise ConfigError(f"{name} has no amount: say {name}:{dataset.source}.")
    amount = module.USUAL if amount is None else amount
    rows, frames = dataset.examples.shape[:-3], dataset.examples.reshape(-1, *dataset.examples.shape[-3:])
    source, target = module.degrade(frames, amount), module.aim(frames) if hasattr(module, "aim") else frames
    source, target = (images.reshape(*rows, *images.shape[1:]) for images in (source, target))
    note = f"sources are the {kind.word} after {name}{f' {amount}' if amount else ''}"
    prints = fingerprint(source, None), dataset.fingerprint
    fields = {"source": source, "target": target}
    kinds = {field: _clip(array, kind.rate) for field, array in fields.items()} if isinstance(kind, Clip) else {}
    return Dataset(fields, _joined(prints), word, (), (*dataset.notes, note), dataset.skipped, kinds=kinds)


def _clip(clips: np.ndarray, rate: float) -> Clip:
    frames, channels, height, width = clips.shape[1:]
    return Clip(frames, channels, height, width, rate)


def _joined(prints: tuple[str, str]) -> str:
    """The fingerprint of the sources, which ends in digits of the images' own."""
    return "".join(prints)[:64]


def check_colour(images: np.ndarray, word: str) -> None:
    """Raises ConfigError for images that are not in colour."""
    if images.shape[1] != 3:
        raise ConfigError(f"{word} is made of images in colour: use --channels 3.")
