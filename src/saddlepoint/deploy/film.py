"""Views as the frames of a film: in colour, and large enough to be looked at."""

from __future__ import annotations

from PIL import Image as Picture
from torch import Tensor

from saddlepoint.kinds.kind import Kind

_LARGE = 256  # pixels that a film has at least


def film_frame(kind: Kind, view: Tensor) -> Picture.Image:
    """A view of a kind that has pixels, in whole multiples of these where it is small."""
    picture = kind.raster(view)
    assert picture is not None
    times = -(-_LARGE // max(picture.size)) if max(picture.size) < _LARGE else 1
    return picture.resize((picture.width * times, picture.height * times), Picture.Resampling.NEAREST)
