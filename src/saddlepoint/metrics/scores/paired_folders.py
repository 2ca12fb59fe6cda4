"""Two folders as pairs of images, each at its own size: what has the same name belongs together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from saddlepoint.data.sources.decode import UnusableImage, decode
from saddlepoint.data.sources.folder import folder_pictures
from saddlepoint.data.sources.pictures import as_pixels
from saddlepoint.errors import ConfigError, DataError
from saddlepoint.metrics.images import Bytes


def pairs(real: Path, fake: Path) -> Iterator[tuple[Bytes, Bytes]]:
    """The images of both folders, [1, C, H, W] each, in order of their names, whose endings may differ.

    Where one of a pair is grey and one in colour, the grey one gets three equal channels. Raises ConfigError for what
    is no folder, DataError when the names or the sizes of a pair differ or a file cannot be used.
    """
    ours, theirs = _named(real), _named(fake)
    if ours.keys() != theirs.keys():
        alone = min(ours.keys() ^ theirs.keys())
        raise DataError(f"{real} and {fake} do not pair: {alone} is in one of them alone.")
    for name in sorted(ours):
        first, second = _pixels(ours[name]), _pixels(theirs[name])
        if first.shape[2:] != second.shape[2:]:
            raise DataError(f"{ours[name]} and {theirs[name]} differ in size, so they cannot be compared as a pair.")
        channels = max(first.shape[1], second.shape[1])
        yield tuple(image.repeat(channels // image.shape[1], axis=1) for image in (first, second))  # type: ignore[misc]


def _named(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder; images are paired by the names of their files.")
    names = folder_pictures(folder, str(folder)).names
    return {str(PurePosixPath(name).with_suffix("")): folder / name for name in names}


def _pixels(path: Path) -> Bytes:
    try:
        with path.open("rb") as stream:
            image, _ = decode(stream)
    except UnusableImage as error:
        raise DataError(f"{path} cannot be used: {error}.") from error
    return np.ascontiguousarray(as_pixels(image)[None])
