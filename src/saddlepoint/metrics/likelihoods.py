"""Images as the likelihood of a model takes them, and the protocol of the nats that come of it.

Nats of images that were made black or white once, of images that are drawn black or white afresh, of levels, and of
levels that are spread over their bins are four different figures; none may stand in a table with another.
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import CapabilityError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.pixels import pixels
from saddlepoint.losses.likelihood import LEVELS
from saddlepoint.methods.abilities import HasLikelihood, exactness
from saddlepoint.metrics.images import Bytes

SAMPLES = {"exact": 1, "bound": 100, "estimate": 10_000}
"""what a likelihood is made from where nothing else is asked for: random samples of a bound, distributions between the
even one and the model's of an estimate, which is too good with few"""


def of_likelihood(model: Model) -> HasLikelihood:
    """The model's method. Raises CapabilityError where it states no likelihood."""
    if not isinstance(model.method, HasLikelihood):
        raise CapabilityError(f"{model.name} does not say how likely an image is.")
    return model.method


def stored_for(method: HasLikelihood, images: Bytes, seed: int) -> tuple[Bytes, str]:
    """The bytes that the likelihood is of, [N, C, H, W], and how they came about, as a protocol names it.

    Where it is of black and white pixels, grey ones are drawn by chance with their brightness as the probability of
    white, which depends on the image and on `seed` alone.
    """
    match method.pixels_as:
        case "binary":
            if np.isin(images, (0, 255)).all():
                return images, "fixed binarisation"
            drawn = [_chance(image, seed).random(image.shape) < image / 255 for image in images]
            return np.stack(drawn).astype(np.uint8) * 255, "dynamic binarisation"
        case "levels":
            levels = _levels(method)
            stored = np.rint(np.rint(images / 255 * (levels - 1)) / (levels - 1) * 255).astype(np.uint8)
            return stored, f"{levels} levels"
        case other:
            return images, other


def nats_of(model: Model, stored: Bytes, *, samples: int | None = None, seed: int = 0) -> Tensor:
    """Log-likelihoods in nats of what `stored_for` gave.  [N] float32

    samples: None for `SAMPLES`.
    """
    method = of_likelihood(model)
    if samples is None:
        samples = SAMPLES[exactness(method)]
    images = pixels(torch.from_numpy(stored))
    if method.pixels_as == "levels":  # bytes are near the levels, and these must be met
        levels = _levels(method)
        images = ((images + 1) / 2 * (levels - 1)).round() / (levels - 1) * 2 - 1
    return model.log_likelihood(images, samples=samples, seed=seed)


def protocol_of(method: HasLikelihood, pixels_as: str) -> str:
    """What must agree before two figures are compared: "exact, dynamic binarisation"."""
    return f"{exactness(method)}, {pixels_as}"


def _levels(method: HasLikelihood) -> int:
    """Of a pixel: those that the method names as one number, else the 256 of a byte."""
    levels = getattr(method, "levels", LEVELS)
    return levels if isinstance(levels, int) else LEVELS  # several numbers are levels of a code


def _chance(image: Bytes, seed: int) -> np.random.Generator:
    return numpy_generator(seed, "black or white", hashlib.blake2b(image.tobytes(), digest_size=8).hexdigest())
