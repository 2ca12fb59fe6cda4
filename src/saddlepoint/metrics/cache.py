"""Statistics of a real set, kept by content: the second measurement of the same images with the same extractor reads them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from saddlepoint.metrics.features import Extractor, statistics
from saddlepoint.metrics.images import Images
from saddlepoint.metrics.statistics import Gaussian, read_statistics, write_statistics


def cached_statistics(folder: Path, fingerprint: str, extractor: Extractor, images: Images) -> Gaussian:
    """The statistics of `images`, from `folder` where they were measured before.

    fingerprint: changes with any pixel of the images, as that of a data set does. A file is written whole or not at all.
    """
    name = hashlib.sha256(f"{fingerprint}\n{extractor.identity}\n{extractor.identity.weights}".encode()).hexdigest()[
        :32
    ]
    kept = folder / f"{name}.npz"
    if kept.is_file():
        return read_statistics(kept)
    found = statistics(extractor, images)
    folder.mkdir(parents=True, exist_ok=True)
    arriving = folder / f".{name}.{os.getpid()}.npz"
    write_statistics(arriving, found)
    arriving.replace(kept)
    return found
