"""Whitened patches of anybody's pictures: `patches12:FOLDER` is 20,000 grey windows of 12x12 pixels."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from PIL import Image

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.data.sources.fingerprint import fingerprint
from saddlepoint.data.sources.pictures import Pictures
from saddlepoint.data.whiten import BORDER, patches, whitened
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.keyed import numpy_generator
from saddlepoint.text import counted

PATCHES = 20_000
PICTURES = 200
"""pictures that patches are cut from at most; of more, every so-and-so-many one"""
LONGEST = 512
"""side in pixels that a longer picture is reduced to: photographs at full size are smooth"""
SIDES = (4, 64)
_WORD = re.compile(r"patches(\d{1,4}):(.+)", re.DOTALL)


def split(word: str) -> tuple[int, str] | None:
    """The side of the patches and the data that a word names; None for a word that names no patches.

    Raises ConfigError for a side out of `SIDES`.
    """
    match = _WORD.fullmatch(word)
    if match is None:
        return None
    side = int(match[1])
    if not SIDES[0] <= side <= SIDES[1]:
        raise ConfigError(f"{word} asks for patches of {side} pixels: a side is from {SIDES[0]} to {SIDES[1]}.")
    return side, match[2]


def patch_data(pictures: Pictures, side: int, settings: DataSettings, say: Callable[[str], None]) -> Dataset:
    """The patches as a data set, float32 [20,000, 1, side, side], alike for the same pictures.

    say: is told how many pictures have been cut. Raises ConfigError for settings that do not go with patches, DataError
    where no picture can be used.
    """
    if settings.resolution is not None or settings.channels is not None or pictures.panels > 1:
        raise ConfigError(
            f"{settings.data} cuts grey patches out of single pictures: leave out --resolution, --channels."
        )
    chosen = np.linspace(0, len(pictures) - 1, min(len(pictures), PICTURES)).astype(int)
    usable: list[np.ndarray] = []
    skipped = list(pictures.skipped)
    for index in chosen.tolist():
        try:
            usable.append(whitened(_grey(pictures, index, side + 2 * BORDER)))
        except UnusableImage as error:
            skipped.append((pictures.name(index), str(error)))
        say(f"{len(usable)} of {counted(len(chosen), 'picture')} whitened")
    if not usable:
        raise DataError(f"{settings.data} holds no usable image: {skipped[0][0]} {skipped[0][1]}.")
    draw = numpy_generator("patches", side)
    shares = [len(part) for part in np.array_split(np.arange(PATCHES), len(usable))]
    rows = np.concatenate([patches(one, side, count, draw) for one, count in zip(usable, shares)])
    rows = rows[draw.permutation(PATCHES)]
    note = f"whitened grey patches of {side}x{side} from {counted(len(usable), 'picture')}, reduced to {LONGEST} pixels"
    notes = (*pictures.notes, note)
    return Dataset({"image": rows}, fingerprint(rows, None), settings.data, notes=notes, skipped=tuple(skipped))


def _grey(pictures: Pictures, index: int, least: int) -> np.ndarray:
    picture, _ = pictures.picture(index, LONGEST, True)
    picture = picture.convert("L")
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    if min(picture.size) < least:
        raise UnusableImage(f"is {picture.width}x{picture.height}, where {least} pixels are needed each way")
    return np.asarray(picture)
