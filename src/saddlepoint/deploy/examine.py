"""Looks a file over for the disclosure that `label` puts into it, or that others do by IPTC's terms."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image

from saddlepoint.data.sources.decode import decode
from saddlepoint.deploy.metadata import Said, read
from saddlepoint.deploy.pattern import Trace, trace
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
    trace: Trace | None = None
    """what was read of the pattern that a crop or another size leaves; None where it is too small, or was not needed"""

    @property
    def found(self) -> bool:
        """Whether anything says that a model had a part in it. If not, that proves nothing."""
        return self.metadata.discloses or self.marked

    @property
    def marked(self) -> bool:
        """Whether the pixels carry the watermark, whole or as much of it as a crop or another size leaves."""
        return any(each is not None and each.found for each in (self.mark, self.trace))

    @property
    def large_enough(self) -> bool:
        """Whether a watermark can be expected at all."""
        return large_enough(self.size)


def examine(content: bytes) -> Evidence:
    """An image file, examined. Raises UnusableImage when it cannot be decoded."""
    picture, _ = decode(io.BytesIO(content))
    with Image.open(io.BytesIO(content)) as opened:
        written = read(opened)
    mark = find(picture)
    return Evidence(picture.size, written, mark, None if mark is not None and mark.found else trace(picture))
