"""Looks a file over for the disclosure that `label` puts into it, or that others do by IPTC's terms."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image

from saddlepoint.data.sources.decode import decode
from saddlepoint.deploy.metadata import Said, read
from saddlepoint.deploy.watermark import Mark, find, large_enough


@dataclass(frozen=True)
class Evidence:
    """What one file shows of its origin."""

    size: tuple[int, int]
    """width and height in pixels"""
    metadata: Said
    """what its metadata say"""
    mark: Mark | None
    """what was read from its pixels; None where it is too small to carry a mark"""

    @property
    def found(self) -> bool:
        """Whether anything says that a model had a part in it. If not, that proves nothing."""
        return self.metadata.discloses or (self.mark is not None and self.mark.found)

    @property
    def large_enough(self) -> bool:
        """Whether a watermark can be expected at all."""
        return large_enough(self.size)


def examine(content: bytes) -> Evidence:
    """An image file, examined. Raises UnusableImage when it cannot be decoded."""
    picture, _ = decode(io.BytesIO(content))
    with Image.open(io.BytesIO(content)) as opened:
        written = read(opened)
    return Evidence(picture.size, written, find(picture))
