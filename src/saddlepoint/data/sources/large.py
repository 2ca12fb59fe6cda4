"""Images that do not fit into the memory, read in rows from top to bottom by libvips (pyvips, the extra `large`).

Kinds: JPEG, PNG, WebP and TIFF; libvips' readers that are not safe with foreign files stay shut. WebP is decoded whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, final

import numpy as np

from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.data.sources.remarks import Remark
from saddlepoint.errors import MissingExtra

_LOADERS = frozenset({"jpegload", "pngload", "webpload", "tiffload"})


def vips() -> Any:
    """The module `pyvips`. Raises MissingExtra where it cannot be imported."""
    try:
        import pyvips
    except (ImportError, OSError) as error:  # OSError: the package is there, and its library is not
        raise MissingExtra(
            "images of more than 100 megapixels are read by libvips: pip install 'saddlepoint[large]'."
        ) from error
    pyvips.block_untrusted_set(True)
    pyvips.operation_block_set("VipsForeignLoadRaw", False)  # what we ourselves have written in rows
    return pyvips


@final
class LargeImage:
    """One image file as 8-bit grey or colour, upright, alpha over white.

    channels: 1 or 3. width, height: as shown. remarks: what is done to the image. Raises UnusableImage for a file that
    cannot be used.
    """

    def __init__(self, path: Path, channels: int) -> None:
        self._vips, self._channels = vips(), channels
        self.remarks: set[Remark] = set()
        try:
            image = self._opened(path)
            self.width, self.height = int(image.width), int(image.height)
            self._region = self._vips.Region.new(image)
        except self._vips.Error as error:
            raise UnusableImage(_reason(error)) from error

    def rows(self, first: int, count: int) -> np.ndarray:
        """uint8 [C, count, W]: rows from `first` on. To be asked for from top to bottom. Raises UnusableImage."""
        try:
            content = self._region.fetch(0, first, self.width, count)
        except self._vips.Error as error:
            raise UnusableImage(_reason(error)) from error
        return np.frombuffer(content, np.uint8).reshape(count, self.width, self._channels).transpose(2, 0, 1)

    def _opened(self, path: Path) -> Any:
        image = self._vips.Image.new_from_file(str(path), access="sequential", fail_on="error")
        loader = image.get("vips-loader").removesuffix("_source")
        if loader not in _LOADERS:
            raise UnusableImage("of a kind that is not read where it is large: use PNG, TIFF, JPEG or WebP")
        turned = image.get_typeof("orientation") and image.get("orientation") != 1
        if turned:  # needs rows in another order: libvips unpacks the image into a file of its own first
            image = self._vips.Image.new_from_file(str(path), fail_on="error").autorot()
            self.remarks.add(Remark.ROTATED)
        if image.get_typeof("n-pages") and image.get("n-pages") > 1:
            self.remarks.add(Remark.FRAMES)
        if image.format not in ("uchar", "ushort"):
            raise UnusableImage(
                f"holds {image.format} values, which are not read where it is large: save it with 8 bits"
            )
        if image.format == "ushort":
            self.remarks.add(Remark.DEEP)
        if image.interpretation == "cmyk":
            self.remarks.add(Remark.CMYK)
        grey = image.bands - image.hasalpha() == 1
        if grey != (self._channels == 1):
            self.remarks.add(Remark.COLOURED if grey else Remark.GREYED)
        image = image.colourspace("b-w" if self._channels == 1 else "srgb")
        if image.hasalpha():
            image = image.flatten(background=255)
            self.remarks.add(Remark.ALPHA)
        image = image if image.format == "uchar" else image.cast("uchar")
        if image.bands != self._channels:
            raise UnusableImage(f"has {image.bands} channels, not {self._channels}")
        return image


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"could not be decoded: {lines[-1] if lines else type(error).__name__}"
