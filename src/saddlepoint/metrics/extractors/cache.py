"""Features of a real set, kept by content: measured once for each extractor, read ever after."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from saddlepoint.data.sources.disk import cache_folder, writing_to
from saddlepoint.metrics.extractors.features import Extractor, Features, features
from saddlepoint.metrics.images import Images
from saddlepoint.storage.whole import passing


def cached_features(
    content: str, extractor: Extractor, images: Callable[[], Images], folder: Path | None = None
) -> Features:
    """The features of `images()`, mapped from the cache where they were measured before.

    content: changes with any pixel and the choice of images, as the fingerprint of a data set does.
    folder: by default `features/` in the library's cache folder. Files are written whole.
    Raises DataError when the folder cannot be written.
    """
    place = folder or cache_folder(None) / "features"
    name = hashlib.sha256(repr((content, extractor.identity)).encode()).hexdigest()[:32]
    file = place / f"{name}.npy"
    if not file.is_file():
        values = features(extractor, images())
        with writing_to(place), passing(file) as arriving:
            np.save(arriving, values)
            arriving.replace(file)
    stored: Features = np.load(file, mmap_mode="r")
    return stored
