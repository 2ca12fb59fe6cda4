"""A given picture as the model was shown its training images: the same channels, the same side, the same cut."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from saddlepoint.checkpoint.bundle import Model
from saddlepoint.data.sources.decode import UnusableImage, decode
from saddlepoint.data.sources.fit import Fit, square
from saddlepoint.data.sources.pictures import as_pixels
from saddlepoint.errors import CapabilityError
from saddlepoint.kinds.pixels import pixels


def read_given(model: Model, path: Path) -> Tensor:
    """An image file, [C, S, S] in [-1, 1]. Raises UnusableImage, CapabilityError."""
    try:
        with path.open("rb") as stream:
            return as_trained(model, decode(stream)[0])
    except FileNotFoundError as error:
        raise UnusableImage(f"there is no {path}") from error
    except OSError as error:
        raise UnusableImage(f"{path} cannot be read: {error.strerror or error}") from error


def as_trained(model: Model, picture: Image.Image) -> Tensor:
    """A picture of mode "L" or "RGB", of any size, [C, S, S] in [-1, 1] on the CPU.

    Raises CapabilityError for a model of points, or of images that are neither grey nor of three colours.
    """
    if len(model.spec.shape) != 3 or model.spec.channels not in (1, 3):
        shape = "x".join(map(str, model.spec.shape))
        raise CapabilityError(f"{model.name} was trained on {shape}, which no picture can be brought to.")
    fit = cast(Fit, model.facts.get("data", {}).get("resize", "crop"))
    cut = square(picture.convert("L" if model.spec.channels == 1 else "RGB"), model.spec.resolution, fit)[0]
    return pixels(torch.from_numpy(np.array(as_pixels(cut)))[None])[0].contiguous()
