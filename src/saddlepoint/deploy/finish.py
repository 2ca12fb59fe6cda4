"""Before and after a translation: a straight lens, an even light, given colours, sharper edges, a part of the original.

Grey world: Buchsbaum 1980, doi:10.1016/0016-0032(80)90058-7. Mean and spread of each channel: after Reinhard et al.
2001, doi:10.1109/38.946629, in RGB.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from saddlepoint.errors import ConfigError

MOST_BEND = 0.3
"""strength of the lens that is corrected, either way: at it a corner of the picture moves by 0.3 of its distance"""
_MOST_GAIN = 4.0
_MOST_LIGHT = 2.0  # by which a dark part is raised, or a bright one lowered
_MAP = 48  # pixels of the longer side on which the light is looked at
_CELLS = 24  # across and down, in which a lens is straightened
_STRIP = 256  # rows that are worked on at once
_RADIUS = 2.0  # pixels of the unsharp mask


@dataclass(frozen=True, kw_only=True)
class Finish:
    """What is done to a picture before its translation and after it. Raises ConfigError for what is out of range."""

    lens: float = 0.0
    """straightens the picture of a lens first: below 0 for a barrel, above 0 for a cushion, at most 0.3 either way"""
    white_balance: bool = False
    """first even out a cast of the light (grey world)"""
    even_light: bool = False
    """first even out light that falls off across the picture"""
    keep_colour: bool = False
    """give the result the mean and spread of the given image's colours"""
    sharpen: float = 0.0
    """strength of an unsharp mask at the end, 0 to 1"""
    strength: float = 1.0
    """share of the translation, 0 to 1; the rest is the given image"""

    def __post_init__(self) -> None:
        for name, least, most in (("lens", -MOST_BEND, MOST_BEND), ("sharpen", 0, 1), ("strength", 0, 1)):
            if not least <= getattr(self, name) <= most:
                raise ConfigError(f"{name} cannot be {getattr(self, name)}: it must be {least:g} to {most:g}.")

    @property
    def settings(self) -> dict[str, Any]:
        """What is not left as it is, for the disclosure."""
        return {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name) != one.default}

    def before(self, picture: Image.Image) -> tuple[Image.Image, Image.Image]:
        """What the model is to be given, and the picture that its result is compared and blended with."""
        original = straightened(picture, self.lens)
        shown = evenly_lit(original) if self.even_light else original
        return white_balanced(shown) if self.white_balance else shown, original

    def after(self, picture: Image.Image, original: Image.Image) -> Image.Image:
        """The finished result; it may be larger than the original, or of other channels."""
        if original.mode != picture.mode or original.size != picture.size:
            original = original.convert(picture.mode).resize(picture.size, Image.Resampling.LANCZOS)
        if self.keep_colour:
            picture = coloured_like(picture, original)
        return blended(sharpened(picture, self.sharpen), original, self.strength)


def straightened(picture: Image.Image, bend: float) -> Image.Image:
    """A picture whose straight lines a lens has bent, with these straight again; what lies outside is its edge.

    bend: k of x' = x (1 + k r^2), with r = 1 at the corners (Brown 1966); below 0 it mends a barrel. In small cells.
    """
    if bend == 0:
        return picture
    width, height = picture.size
    across, down = np.linspace(0, width, _CELLS + 1), np.linspace(0, height, _CELLS + 1)
    centre = np.array([width / 2, height / 2])
    place = np.stack(np.meshgrid(across, down), -1) - centre
    radius = (place**2).sum(-1, keepdims=True) / (centre**2).sum()
    source = np.clip(place * (1 + bend * radius) + centre, 0, [width, height])
    edges = [one.round().astype(int) for one in (across, down)]
    mesh = []
    for row in range(_CELLS):
        for column in range(_CELLS):
            box = (edges[0][column], edges[1][row], edges[0][column + 1], edges[1][row + 1])
            corners = source[[row, row + 1, row + 1, row], [column, column, column + 1, column + 1]]
            if box[0] < box[2] and box[1] < box[3]:
                mesh.append((tuple(map(int, box)), tuple(map(float, corners.ravel()))))
    return picture.transform(picture.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def evenly_lit(picture: Image.Image) -> Image.Image:
    """A picture with the slow change of its brightness taken out, by at most half or twice."""
    small = picture.convert("L")
    small.thumbnail((_MAP, _MAP), Image.Resampling.BOX)
    light = np.asarray(small.filter(ImageFilter.GaussianBlur(_MAP / 6)), np.float32)
    gain = np.clip(light.mean() / np.maximum(light, 1), 1 / _MOST_LIGHT, _MOST_LIGHT)
    gains = Image.fromarray(gain).resize(picture.size, Image.Resampling.BICUBIC)
    result = picture.copy()
    for top in range(0, picture.height, _STRIP):
        box = (0, top, picture.width, min(top + _STRIP, picture.height))
        pixels, scale = np.asarray(picture.crop(box), np.float32), np.asarray(gains.crop(box))
        scaled = pixels * (scale[..., None] if pixels.ndim == 3 else scale)
        result.paste(Image.fromarray(np.clip(scaled.round(), 0, 255).astype(np.uint8)), box)
    return result


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
