"""The Fréchet distance at several resolutions: what is wrong in the large and what in the small."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from saddlepoint.errors import ConfigError
from saddlepoint.metrics.extractors.features import Extractor
from saddlepoint.metrics.formulas.frechet import frechet_distance
from saddlepoint.metrics.formulas.statistics import Gaussian, Moments
from saddlepoint.metrics.images import Bytes, Images, batches


def frechet_by_resolution(
    extractor: Extractor, real: Images, fake: Images, sides: Sequence[int], size: int = 64
) -> dict[int, float]:
    """Distance of both sets averaged down to each of `sides` pixels, in one pass over each set.

    The extractor sees the averaged pixels enlarged to the size that the images had, so any extractor will do.
    real, fake: uint8 [N, C, H, W]. Raises ConfigError for a side larger than the images.
    """
    ours, theirs = (_statistics(extractor, images, sides, size) for images in (real, fake))
    return {side: frechet_distance(ours[side], theirs[side]) for side in sides}


def averaged(images: Bytes, side: int) -> Bytes:
    """Images uint8 averaged over areas to side x side and rounded. Raises ConfigError for a side larger than theirs."""
    if side > min(images.shape[2:]):
        raise ConfigError(f"images of {images.shape[3]}x{images.shape[2]} cannot be averaged down to {side} pixels.")
    values = F.adaptive_avg_pool2d(torch.from_numpy(images.astype(np.float32)), side)
    result: Bytes = values.round().to(torch.uint8).numpy()
    return result


def _statistics(extractor: Extractor, images: Images, sides: Sequence[int], size: int) -> dict[int, Gaussian]:
    moments = {side: Moments() for side in sides}
    for batch in batches(images, size):
        for side, gathered in moments.items():
            gathered.add(extractor.batch(_enlarged(averaged(batch, side), batch.shape[2:])))
    return {side: gathered.gaussian() for side, gathered in moments.items()}


def _enlarged(images: Bytes, size: tuple[int, ...]) -> Bytes:
    result: Bytes = F.interpolate(torch.from_numpy(images), size=size, mode="nearest").numpy()
    return result
