"""A given image worked on by a model: decoded, fitted, taken through the model in windows, labelled and written.

The command line works from file to file; the service decodes uploads and encodes answers itself and shares the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.sources.decode import TooLarge, UnusableImage
from saddlepoint.data.sources.fit import square
from saddlepoint.data.sources.large import LargeImage
from saddlepoint.data.sources.pictures import as_picture, as_pixels
from saddlepoint.data.sources.remarks import Remark
from saddlepoint.deploy.label import disclosed, write
from saddlepoint.deploy.large import check_target, translate_large
from saddlepoint.deploy.tile import Work
from saddlepoint.deploy.translate import translated
from saddlepoint.errors import CapabilityError, DataError
from saddlepoint.kinds.image import Image as ImageKind
from saddlepoint.latent.load_image import as_trained, fit_of, load_picture
from saddlepoint.methods.tasks import knows
from saddlepoint.nn.sizes import sizes_of


@dataclass(frozen=True, eq=False, kw_only=True)
class Translation:
    """How a model translates files."""

    model: Model
    origin: str | None = None
    """which kind the images are; None for the usual one"""
    seed: int = 0
    """of what an image leaves open"""
    reference: Tensor | None = None
    """[C, S, S] in [-1, 1], an image to take that from instead"""
    reference_name: str | None = None
    """what the reference is called in the disclosure"""
    resize: bool = False
    """whether images are brought to the trained side first, as the training images were"""
    window: int | None = None
    """side of a window in pixels; None for the trained side"""
    overlap: int | None = None
    """pixels that neighbouring windows share; None for an eighth of the side"""

    def __post_init__(self) -> None:
        if self.window is not None and knows(self.model.method, "translate"):
            sizes_of([self.model.needed]).check(self.window, self.window, option="--window")

    @property
    def source_kind(self) -> ImageKind:
        """The kind of the images to translate, which may be smaller or of other channels than what they become."""
        spec = self.model.spec
        kind = spec.fields.get(self.model.origin(self.origin))
        return kind if isinstance(kind, ImageKind) else ImageKind(spec.channels, spec.resolution, spec.resolution)

    @property
    def side(self) -> int:
        """The side of a window in pixels."""
        return self.window or min(self.source_kind.height, self.source_kind.width)

    def work(self, windows: Tensor) -> Tensor:
        """Windows [n, C, side, side] in [-1, 1], translated."""
        translated_windows = self.model.translate(windows, self.origin, seed=self.seed, reference=self.reference)
        return translated_windows.as_subclass(Tensor)

    def settings(self) -> Mapping[str, Any]:
        """What the images depend on beside the model, for their disclosure."""
        drawn = {"seed": self.seed} if self.reference is None else {"like": self.reference_name}
        return {"from": self.origin, **drawn}


def translate_file(source: Path, target: Path, how: Translation) -> set[Remark]:
    """Write one image file as the model translates it, and return what was done to it before.

    target: its ending says the form. Images of more than 100 megapixels are read and written in rows.
    Raises UnusableImage for a source that cannot be used, ConfigError for impossible windows, RunError where the disk
    will not take the result.
    """
    channels, side = how.source_kind.channels, how.side
    disclosure = disclosed(how.model, "modified", how.settings())
    try:
        picture, remarks = load_picture(source, channels)
    except TooLarge:
        if how.resize:
            raise
        large = LargeImage(source, channels)
        if min(large.width, large.height) < side:
            raise UnusableImage(
                f"is large and still less than {side} pixels high or wide; use a smaller --window"
            ) from None
        check_target(target, large.width, large.height)
        translate_large(large, target, how.work, side, how.overlap, disclosure)
        return large.remarks
    if how.resize:
        picture, fitted = square(picture, side, fit_of(how.model))
        remarks |= fitted
    write(in_windows(picture, how.work, side, how.overlap), target, disclosure)
    return remarks


def in_windows(
    picture: Image.Image,
    work: Work,
    side: int,
    overlap: int | None = None,
    progress: Callable[[float], object] = lambda share: None,
) -> Image.Image:
    """A picture of mode "L" or "RGB", of any size, worked on at its own size in windows of `side` pixels.

    See `translated` for the other arguments and the errors.
    """
    return as_picture(translated(torch.from_numpy(np.array(as_pixels(picture))), work, side, overlap, progress))


def reference_for(model: Model, path: Path) -> Tensor:
    """An image file as a reference of the model, [C, S, S] in [-1, 1].

    Raises CapabilityError for a model that takes nothing from one, DataError for a file that cannot be used.
    """
    if not knows(model.method, "translate-like"):
        raise CapabilityError(f"{model.name} does not use a reference image: leave out --like.")
    try:
        return as_trained(model, load_picture(path, model.spec.channels)[0])
    except UnusableImage as error:
        raise DataError(f"{path} cannot be the reference: {error}.") from error
