"""What a guided edit asks for, as masks and images: colours under strokes, the look of a region, what may change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Literal, final

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from saddlepoint.data.batches import DataSpec
from saddlepoint.data.sources.decode import MOST_PIXELS
from saddlepoint.errors import DataError, ShapeError
from saddlepoint.kinds.pixels import pixels

Sort = Literal["colour", "look"]


@final
@dataclass(frozen=True, eq=False)
class Constraint:
    """What the image should be like under a mask."""

    sort: Sort
    """colour: of strokes, pixel by pixel; look: of a region of another image, its pixels and its edges"""
    image: Tensor
    """[C, H, W] in [-1, 1]; of no meaning where the mask is 0"""
    mask: Tensor
    """[1, H, W] in [0, 1], 0 where nothing is asked"""
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.image.dim() != 3 or self.mask.shape != (1, *self.image.shape[1:]):
            raise ShapeError(
                f"a constraint has an image [C, H, W] and a mask [1, H, W], not {list(self.image.shape)} and "
                f"{list(self.mask.shape)}."
            )
        if not float(self.mask.sum()) > 0:
            raise DataError("the mask of a constraint is empty: it asks for nothing.")

    def loss(self, images: Tensor) -> Tensor:
        """How far images [n, C, H, W] are from it: the mean squared difference under the mask.  [n]"""
        apart = images - self.image
        total = mean_under(self.mask, apart.square())
        if self.sort == "look":
            for axis in (1, 2):  # down, across; a step counts where the mask holds both of its ends
                size = self.mask.shape[axis] - 1
                weights = self.mask.narrow(axis, 1, size) * self.mask.narrow(axis, 0, size)
                total = total + mean_under(weights, apart.diff(dim=axis + 1).square())
        return self.weight * total

    def error(self, images: Tensor) -> Tensor:
        """Root of the mean squared difference of the pixels under the mask.  [n]"""
        return mean_under(self.mask, (images - self.image).square()).sqrt()


def mean_under(mask: Tensor, values: Tensor) -> Tensor:
    """The mean of values under a mask, 0 under an empty one.  [1, H, W], [n, C, H, W] -> [n]"""
    return (values * mask).sum((1, 2, 3)) / (mask.sum() * values.shape[1]).clamp_min(1e-12)


def opened(stream: BinaryIO) -> Image.Image:
    """A picture with its transparency, from a PNG, WebP or TIFF. Raises DataError for others, and for one too large."""
    try:
        picture = Image.open(stream, formats=("PNG", "WEBP", "TIFF"))
        if picture.width * picture.height > MOST_PIXELS:
            raise DataError(f"{picture.width}x{picture.height} is more than {MOST_PIXELS // 1_000_000} megapixels.")
        picture.load()
    except DataError:
        raise
    except Exception as error:  # a malformed file makes Pillow raise nearly anything
        raise DataError("this is no PNG, WebP or TIFF that can be read.") from error
    return picture


def painted(picture: Image.Image, spec: DataSpec, sort: Sort, device: torch.device | str = "cpu") -> Constraint:
    """A constraint from a picture that is transparent where nothing is asked, brought to the size that the model makes.

    Raises DataError for a picture without a transparent part, or one that is transparent all over.
    """
    if not picture.has_transparency_data:
        raise DataError("this picture has no transparent part: paint on a transparent layer of the size of the image.")
    layers = picture.convert("RGBA")
    if np.asarray(layers.getchannel("A")).min() == 255:
        raise DataError("this picture is opaque all over: leave what may stay as it is transparent.")
    red_green_blue, mask = _scaled(layers, spec)
    if float(mask.max()) < 1 / 255:
        raise DataError("this picture is transparent all over: nothing is painted on it.")
    return Constraint(sort, red_green_blue.to(device), mask.to(device))


def region(picture: Image.Image, spec: DataSpec, device: torch.device | str = "cpu") -> Tensor:
    """Where an image may change: where the picture is opaque, or white if nothing in it is transparent.  [1, H, W]

    Raises DataError where that is nowhere.
    """
    if picture.has_transparency_data:
        mask = _scaled(picture.convert("RGBA"), spec)[1]
    else:
        side = (spec.resolution, spec.resolution)
        mask = torch.from_numpy(np.array(picture.convert("L").resize(side, Image.Resampling.BOX)))[None] / 255
    if float(mask.max()) < 1 / 255:
        raise DataError("this mask is black all over: it lets nothing change. White marks what may change.")
    return mask.to(device)


def _scaled(layers: Image.Image, spec: DataSpec) -> tuple[Tensor, Tensor]:
    """RGBA -> image [C, S, S] in [-1, 1] and mask [1, S, S] in [0, 1]; what is transparent lends no colour."""
    if spec.channels not in (1, 3):
        raise DataError(f"these images have {spec.channels} channels; a picture has one or three to paint with.")
    side = (spec.resolution, spec.resolution)
    scaled = layers.resize(side, Image.Resampling.BOX)  # Pillow weighs colours by alpha
    plain = np.array(scaled.convert("RGB").convert("L") if spec.channels == 1 else scaled.convert("RGB"))
    image = torch.from_numpy(plain if plain.ndim == 3 else plain[..., None]).permute(2, 0, 1)
    alpha = torch.from_numpy(np.array(scaled.getchannel("A")))[None] / 255
    return pixels(image[None])[0].contiguous(), alpha
