"""The middle of each image cut out: a square of half its sides, as context encoders are trained on.

Pathak et al. 2016, arXiv:1604.07379, section 3.3. See `_holes.py` for what remains.
"""

from __future__ import annotations

import numpy as np

from saddlepoint.data.degrade._holes import holed
from saddlepoint.errors import ConfigError

USUAL = 50


def degrade(images: np.ndarray, amount: int) -> np.ndarray:
    """uint8 [N, C, H, W] -> uint8 [N, C + 1, H, W]. amount: hundredths of a side. Raises ConfigError for 0 or all."""
    if not 0 < amount < 100:
        raise ConfigError(f"a hole of {amount} hundredths of a side leaves all or nothing: say centre50:FOLDER.")
    known = np.ones((len(images), *images.shape[2:]), bool)
    cut = []
    for side in images.shape[2:]:
        width = max(1, round(side * amount / 100))
        cut.append(slice((side - width) // 2, (side - width) // 2 + width))
    known[:, cut[0], cut[1]] = False
    return holed(images, known)
