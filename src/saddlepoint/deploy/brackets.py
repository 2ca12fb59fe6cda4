"""Whether pictures of one scene are exposed as a model of exposures knows them: from short to long, in even steps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from saddlepoint.data.degrade.exposures import CURVE, TIMES
from saddlepoint.data.sources.decode import UnusableImage

_LOW, _HIGH = 25, 230
"""levels between which a pixel tells how much light there was"""
_APART = 2.0
"""times that a step may be larger or smaller than the known one"""


def check_brackets(paths: Sequence[Path], pictures: Sequence[Image.Image]) -> None:
    """Raises UnusableImage for exposures, short to long, whose light does not grow by about the steps of `TIMES`.

    How much it grows is the median over pixels that are neither dark nor cut off in both; where there are none, nobody
    knows.
    """
    values = [np.asarray(picture.convert("RGB"), np.float64) for picture in pictures]
    for (one, other), (before, after), (path, next_path) in zip(pairwise(values), pairwise(TIMES), pairwise(paths)):
        telling = (np.minimum(one, other) > _LOW) & (np.maximum(one, other) < _HIGH)
        if not telling.any():
            continue
        times, known = float(np.median((other[telling] / one[telling]) ** CURVE)), after / before
        if not known / _APART <= times <= known * _APART:
            raise UnusableImage(
                f"cannot be merged: {next_path} has {times:.2g} times the light of {path}, and the model knows"
                f" {known:g}: give exposures from short to long, each {known:g} times as long as the one before"
            )
