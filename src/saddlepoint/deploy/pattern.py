"""A second invisible mark that a crop and another size leave in place: a faint pattern with a period of 64 pixels.

The pattern is a sum of waves 4.6 to 16 pixels long, with fixed phases (spread spectrum: Cox et al. 1997,
doi:10.1109/83.650120): shorter ones are lost at half the size, longer ones show on a smooth ground. The reader knows
neither where the picture was cut nor how it was resized. For each size it looks at the picture's own waves of those
lengths, evens out how strong they are, turns each by the phase that the pattern has, and adds them up for every place
at once by a Fourier transform (phase correlation: Kuglin & Hines 1975). Only the pattern makes them agree.

Evened waves of a picture without the pattern have phases that know nothing of the pattern's. Their sum at one place and
size is then at most as wide as a normal distribution, whatever the picture shows, so the chance of a false alarm is
bounded by the number of places and sizes that are tried.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy
from PIL import Image

PERIOD = 64
"""pixels"""
LEAST_SIDE = 96
"""pixels of a side that a picture needs for the pattern to be looked for"""
ENOUGH = 7.5
"""standard deviations of chance from which the pattern counts as found"""
_LOW, _HIGH = 4, 14  # waves a period: from 16 pixels long to 4.6, which half the size still holds
_LARGEST, _STEP = 2.0, 0.008  # sizes that are tried, from half to double; two beside each other differ by 0.8 %
_WINDOW = 256  # pixels of a side that are looked at together: a wrong size by 0.4 % moves its edge by half a pixel
_FAINTEST, _STRONGEST = 0.8, 1.8  # standard deviations in grey levels, on a smooth ground and in texture
_ACTIVITY = 9  # pixels of a side over which texture is measured
_SOFT = 0.3  # of the mean wave: a weaker one counts less

_rows, _columns = np.meshgrid(np.arange(-_HIGH, _HIGH + 1), np.arange(_HIGH + 1), indexing="ij")
_length = np.hypot(_rows, _columns)
_WAVES = (_length >= _LOW) & (_length <= _HIGH) & ((_columns > 0) | (_rows > 0))  # one of each pair of conjugates


@dataclass(frozen=True)
class Trace:
    """What was read of the pattern."""

    score: float
    """how far the best place and size stand out, in standard deviations of chance"""
    scale: float
    """size of the picture at which they do, as a multiple of the one that was marked"""
    tried: int
    """places and sizes that were tried"""

    @property
    def found(self) -> bool:
        """Whether it stands out so far that chance does not explain it."""
        return self.score >= ENOUGH

    @property
    def chance(self) -> float:
        """A bound of the probability that an unmarked picture scores as much."""
        return min(1.0, self.tried * math.erfc(self.score / math.sqrt(2)) / 2)


def woven(pixels: np.ndarray, luminance: np.ndarray) -> np.ndarray:
    """The pixels [H, W, 3] with the pattern in them, stronger in texture; luminance: theirs, [H, W], 0 to 255."""
    height, width = luminance.shape
    mean = scipy.ndimage.uniform_filter(luminance, _ACTIVITY)
    spread = np.sqrt(np.maximum(scipy.ndimage.uniform_filter(luminance**2, _ACTIVITY) - mean**2, 0))
    strength = np.clip(_FAINTEST + 0.08 * scipy.ndimage.uniform_filter(spread, _ACTIVITY), _FAINTEST, _STRONGEST)
    tiles = np.tile(_tile(), (height // PERIOD + 1, width // PERIOD + 1))[:height, :width]
    marked: np.ndarray = pixels + (strength * tiles)[..., None]
    return marked


def trace(picture: Image.Image) -> Trace | None:
    """How much of the pattern is in the picture; None where a side has fewer than 96 pixels."""
    if min(picture.size) < LEAST_SIDE:
        return None
    luminance = np.asarray(picture.convert("L"), np.float32)
    windows = _windows(luminance)
    best, tried = (0.0, 1.0), 0
    for window in windows:
        scores, places = _scores(window)
        tried += places * len(scores)
        at = int(scores.argmax())
        best = max(best, (float(scores[at]), float(_scales()[at])))
    return Trace(*best, tried)


def _windows(luminance: np.ndarray) -> list[np.ndarray]:
    """The middle, and the corners too where the picture is much larger than a window."""
    height, width = luminance.shape
    rows, columns = min(_WINDOW, height), min(_WINDOW, width)
    corners = [((height - rows) // 2, (width - columns) // 2)]
    if height >= 1.5 * rows or width >= 1.5 * columns:
        corners += [(0, 0), (0, width - columns), (height - rows, 0), (height - rows, width - columns)]
    return [luminance[top : top + rows, left : left + columns] for top, left in dict.fromkeys(corners)]


def _scores(window: np.ndarray) -> tuple[np.ndarray, int]:
    """The best score of each size, and the number of places that were tried for each."""
    even = window - scipy.ndimage.gaussian_filter(window, 2.0)
    even = even / (np.sqrt(scipy.ndimage.gaussian_filter(even**2, 4.0)) + 1)
    even = even * np.outer(np.hanning(window.shape[0]), np.hanning(window.shape[1])).astype(np.float32)
    down, across = (_waves_along(length) for length in window.shape)
    half = (down.reshape(-1, window.shape[0]) @ even).reshape(*down.shape[:2], -1)
    waves = np.einsum("srx,scx->src", half, across[:, _HIGH:], optimize=True)  # [sizes, rows, columns] of frequencies
    waves = np.where(_WAVES, waves, 0)
    strength = np.abs(waves)
    mean = strength.sum((1, 2), keepdims=True) / _WAVES.sum()
    turned = waves / (strength + _SOFT * mean + 1e-9) * np.conj(_phases())
    spread = np.sqrt((np.abs(turned) ** 2).sum((1, 2)) / 2)
    spectrum = np.zeros((len(waves), PERIOD, PERIOD), np.complex64)
    spectrum[:, np.arange(-_HIGH, _HIGH + 1)[:, None] % PERIOD, np.arange(_HIGH + 1)] = turned
    peaks = np.fft.ifft2(spectrum).real.max((1, 2)) * PERIOD**2
    return np.where(spread > 0, peaks / np.maximum(spread, 1e-9), 0), PERIOD**2


@lru_cache(1)
def _scales() -> np.ndarray:
    """The sizes that are tried, as multiples of the marked one."""
    most = math.log(_LARGEST)
    return np.exp(np.linspace(-most, most, 2 * math.ceil(most / _STEP) + 1))


@lru_cache(4)
def _waves_along(length: int) -> np.ndarray:
    """The waves of each size along a side: [sizes, 2 * _HIGH + 1, length]."""
    frequencies = np.arange(-_HIGH, _HIGH + 1)[None, :, None] / (PERIOD * _scales()[:, None, None])
    waves: np.ndarray = np.exp(-2j * np.pi * frequencies * np.arange(length)).astype(np.complex64)
    return waves


@lru_cache(1)
def _phases() -> np.ndarray:
    """The phase of each wave, as a complex number of length 1; 0 where there is none."""
    seed = int.from_bytes(hashlib.sha256(b"saddlepoint").digest()[:8], "big")
    phases = np.zeros(_WAVES.shape, complex)
    phases[_WAVES] = np.exp(2j * np.pi * np.random.default_rng(seed).random(int(_WAVES.sum())))
    return phases


@lru_cache(1)
def _tile() -> np.ndarray:
    """One period of the pattern, [PERIOD, PERIOD], of standard deviation 1."""
    spectrum = np.zeros((PERIOD, PERIOD), complex)
    spectrum[_rows[_WAVES] % PERIOD, _columns[_WAVES]] = _phases()[_WAVES]
    tile: np.ndarray = np.fft.ifft2(spectrum).real
    tile /= tile.std()
    return tile
