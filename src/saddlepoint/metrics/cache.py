"""Statistics of a real set, kept by content: measured once for each extractor, read ever after."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from saddlepoint.metrics.features import Extractor, statistics
from saddlepoint.metrics.images import Images
from saddlepoint.metrics.statistics import Gaussian, read_statistics, write_statistics


def cached_statistics(folder: Path, fingerprint: str, extractor: Extractor, images: Images) -> Gaussian:
    """The statistics of `images`, read from `folder` where they were measured before.

    fingerprint: changes with any pixel of the images, as that of a data set does. Files are written whole.
    """
    asked = repr((fingerprint, extractor.identity))
    name = hashlib.sha256(asked.encode()).hexdigest()[:32]
    kept = folder / f"{name}.npz"
    if kept.is_file():
        return read_statistics(kept)
    found = statistics(extractor, images)
    folder.mkdir(parents=True, exist_ok=True)
    arriving = folder / f".{name}.{os.getpid()}.npz"
    write_statistics(arriving, found)
    arriving.replace(kept)
    return found
