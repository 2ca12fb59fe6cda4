"""Two folders as pairs of images, each at its own size: what has the same name belongs together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.data.sources.folder import folder_pictures
from saddlepoint.data.sources.matching import matched
from saddlepoint.data.sources.pictures import as_pixels
from saddlepoint.data.sources.reader import read_image
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.metrics.images import Bytes


def pairs(real: Path, fake: Path) -> Iterator[tuple[Bytes, Bytes]]:
    """The images of both folders, [1, C, H, W] each, in order of their names, which may differ in their endings.

    Where one of a pair is grey and one in colour, the grey one gets three equal channels. Raises ConfigError for what
    is no folder, DataError when the names or the sizes of a pair differ or a file cannot be used.
    """
    ours, theirs = _names(real), _names(fake)
    matches = matched(ours, theirs, (str(real), str(fake)))
    for folder, names, alone in ((real, ours, matches.alone[0]), (fake, theirs, matches.alone[1])):
        for place, reason in alone.items():
            raise DataError(f"{real} and {fake} do not pair: {folder / names[place]} {reason}.")
    for one, two in ((real / ours[one], fake / theirs[two]) for one, two in matches.pairs):
        first, second = _pixels(one), _pixels(two)
        if first.shape[2:] != second.shape[2:]:
            raise DataError(f"{one} and {two} differ in size, so they cannot be compared as a pair.")
        channels = max(first.shape[1], second.shape[1])
        yield tuple(image.repeat(channels // image.shape[1], axis=1) for image in (first, second))  # type: ignore[misc]


def _names(folder: Path) -> Sequence[str]:
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder; images are paired by the names of their files.")
    return folder_pictures(folder, str(folder)).names


def _pixels(path: Path) -> Bytes:
    try:
        image, _ = read_image(path)
    except UnusableImage as error:
        raise DataError(f"{path} cannot be used: {error}.") from error
    return np.ascontiguousarray(as_pixels(image)[None])
