"""Before and after a translation: an even light, the given colours, a sharper edge, a part of the original.

Grey world: Buchsbaum 1980, doi:10.1016/0016-0032(80)90058-7. Mean and spread of each channel: after Reinhard et al.
2001, doi:10.1109/38.946629, in RGB.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

_MOST_GAIN = 4.0
_RADIUS = 2.0  # pixels of the unsharp mask


def white_balanced(picture: Image.Image) -> Image.Image:
    """Each channel scaled so that their means agree, at most fourfold. Grey pictures stay as they are."""
    if picture.mode != "RGB":
        return picture
    means = np.array([_mean(channel) for channel in picture.split()])
    gains = np.clip(means.mean() / np.maximum(means, 1e-6), 1 / _MOST_GAIN, _MOST_GAIN)
    return Image.merge("RGB", [_scaled(band, gain, 0.0) for band, gain in zip(picture.split(), gains)])


def coloured_like(picture: Image.Image, original: Image.Image) -> Image.Image:
    """`picture` with the mean and the spread of each channel of `original`; both of one mode."""
    bands = []
    for band, reference in zip(picture.split(), original.split()):
        spread, target = _spread(band), _spread(reference)
        gain = min(target / spread, _MOST_GAIN) if spread > 0 else 1.0
        bands.append(_scaled(band, gain, _mean(reference) - gain * _mean(band)))
    return Image.merge(picture.mode, bands)


def sharpened(picture: Image.Image, strength: float) -> Image.Image:
    """An unsharp mask; strength 0 leaves the picture as it is, 1 adds its whole difference from a blurred one."""
    return picture.filter(ImageFilter.UnsharpMask(_RADIUS, round(100 * strength), 0)) if strength else picture


def blended(picture: Image.Image, original: Image.Image, strength: float) -> Image.Image:
    """`strength` of the picture and the rest of the original; both of one size and mode."""
    return picture if strength == 1 else Image.blend(original, picture, strength)


def _mean(band: Image.Image) -> float:
    counts = np.asarray(band.histogram(), dtype=np.float64)
    return float(counts @ np.arange(256) / counts.sum())


def _spread(band: Image.Image) -> float:
    counts = np.asarray(band.histogram(), dtype=np.float64)
    return float(np.sqrt(counts @ (np.arange(256) - _mean(band)) ** 2 / counts.sum()))


def _scaled(band: Image.Image, gain: float, add: float) -> Image.Image:
    return band.point([round(min(max(value * gain + add, 0), 255)) for value in range(256)])
