"""A given picture as the model was shown its training images: the same channels, the same side, the same cut."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.data.sources.fit import Fit, square
from saddlepoint.data.sources.pictures import as_pixels
from saddlepoint.data.sources.reader import read_image
from saddlepoint.data.sources.remarks import Remark
from saddlepoint.errors import CapabilityError
from saddlepoint.kinds.pixels import pixels


def load_picture(path: Path, channels: int) -> tuple[Image.Image, set[Remark]]:
    """An image file as grey (1), in colour (3) or as these with alpha (2, 4), at its own size, and what was done to it.

    Raises UnusableImage.
    """
    if not path.exists():
        raise UnusableImage(f"there is no {path}")
    return read_image(path, channels)


def load_image(model: Model, path: Path) -> tuple[Tensor, set[Remark]]:
    """An image file, [C, S, S] in [-1, 1] on the CPU, and what was done to it.

    Raises UnusableImage, CapabilityError as `as_trained` does.
    """
    picture, remarks = load_picture(path, model.spec.channels)
    return as_trained(model, picture), remarks | square(picture, model.spec.resolution, fit_of(model))[1]


def as_trained(model: Model, picture: Image.Image) -> Tensor:
    """A picture of mode "L" or "RGB", of any size, [C, S, S] in [-1, 1] on the CPU.

    Raises CapabilityError for a model of points, or of images that are neither grey nor of three colours.
    """
    if len(model.spec.shape) != 3 or model.spec.channels not in (1, 3):
        shape = "x".join(map(str, model.spec.shape))
        raise CapabilityError(f"{model.name} was trained on {shape}, which no picture can be brought to.")
    cut = square(picture.convert("L" if model.spec.channels == 1 else "RGB"), model.spec.resolution, fit_of(model))[0]
    return pixels(torch.from_numpy(np.array(as_pixels(cut)))[None])[0].contiguous()


def fit_of(model: Model) -> Fit:
    """How the training images were made square."""
    return cast(Fit, model.facts.get("data", {}).get("resize", "crop"))
