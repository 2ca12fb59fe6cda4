"""What photographs of unknown history have gone through: two rounds of blur, resizing, noise and JPEG, and ringing.

Real-ESRGAN's chain: Wang et al. 2021, arXiv:2107.10833, section 3 and its published options. The result is `amount`
times smaller. Of small images the kernels are cut to the odd number that fits into their sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.special import j1

from saddlepoint.data.degrade import check_colour
from saddlepoint.data.degrade._rows import by_row, filtered, to_bytes
from saddlepoint.data.degrade.jpeg import compressed
from saddlepoint.errors import ConfigError

USUAL = 4
_KINDS = ("normal", "normal", "generalised", "generalised", "plateau", "plateau")
_CHANCES = (0.45, 0.25, 0.12, 0.03, 0.12, 0.03)  # of each kind: round, then not
_WAYS = (Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)


@dataclass(frozen=True)
class Round:
    """The ranges of one round. resize: chances of larger, smaller and the same size, and the least and most factor."""

    spread: tuple[float, float]
    blurs: float
    resize: tuple[float, float, float]
    factor: tuple[float, float]
    noise: tuple[float, float]
    light: tuple[float, float]


FIRST = Round((0.2, 3.0), 1.0, (0.2, 0.7, 0.1), (0.15, 1.5), (1, 30), (0.05, 3.0))
SECOND = Round((0.2, 1.5), 0.8, (0.3, 0.4, 0.3), (0.3, 1.2), (1, 25), (0.05, 2.5))


def degrade(images: np.ndarray, amount: int) -> np.ndarray:
    """uint8 [N, 3, H, W] -> uint8 [N, 3, H / amount, W / amount]. Raises ConfigError where that is not whole."""
    check_colour(images, "practical4:FOLDER")
    height, width = images.shape[2:]
    if amount < 1 or height % amount or width % amount:
        raise ConfigError(
            f"images of {width}x{height} pixels are not reduced {amount} times: use a --resolution that {amount}"
            " divides."
        )
    size = height // amount, width // amount
    return by_row(images, "practical", lambda image, draw: chain(image, draw, size))


def chain(image: np.ndarray, draw: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """An image [3, H, W] in [0, 1], once through all of it -> [3, *size]."""
    whole = image.shape[1:]
    image = _blurred(image, draw, FIRST)
    image = _noisy(_resized(image, draw, FIRST, whole), draw, FIRST)
    image = compressed(to_bytes(image), int(draw.integers(30, 96))) / 255
    image = _blurred(image, draw, SECOND)
    image = _noisy(_resized(image, draw, SECOND, size), draw, SECOND)
    ringing = draw.random() < 0.8
    kernel = sinc(draw.uniform(np.pi / 3, np.pi), _side(draw, size))
    quality = int(draw.integers(30, 96))
    steps = [lambda x: _to(x, size, draw), lambda x: compressed(to_bytes(x), quality) / 255]
    for number, step in enumerate(steps if draw.random() < 0.5 else steps[::-1]):
        image = step(image)
        if ringing and number == (0 if step is steps[0] else 1):
            image = filtered(image, kernel) if min(image.shape[1:]) >= len(kernel) else image
    return _to(image, size, draw)


def _side(draw: np.random.Generator, size: tuple[int, ...]) -> int:
    """An odd side of a kernel from 7 to 21 that fits."""
    return min(int(draw.integers(3, 11)) * 2 + 1, (min(size) - 1) // 2 * 2 + 1)


def _blurred(image: np.ndarray, draw: np.random.Generator, round_: Round) -> np.ndarray:
    side = _side(draw, image.shape[1:])
    kernel = _kernel(draw, side, round_)
    return filtered(image, kernel) if draw.random() < round_.blurs else image


def _kernel(draw: np.random.Generator, side: int, round_: Round) -> np.ndarray:
    if draw.random() < 0.1:
        return sinc(draw.uniform(np.pi / 3 if side < 13 else np.pi / 5, np.pi), side)
    number = int(draw.choice(6, p=_CHANCES))
    one, other = draw.uniform(*round_.spread, 2)
    turn = draw.uniform(-np.pi, np.pi)
    power = 1.0
    if _KINDS[number] != "normal":
        most = 4.0 if _KINDS[number] == "generalised" else 2.0
        least = 0.5 if _KINDS[number] == "generalised" else 1.0
        power = draw.uniform(least, 1) if draw.random() < 0.5 else draw.uniform(1, most)
    spread = (one, one) if number % 2 == 0 else (one, other)
    return bell(side, spread, turn, power, plateau=_KINDS[number] == "plateau")


def bell(
    side: int, spread: tuple[float, float], turn: float, power: float = 1.0, *, plateau: bool = False
) -> np.ndarray:
    """A kernel [side, side] whose sum is 1: exp(-d^power / 2), or 1 / (1 + d^power) for a plateau.

    d: the squared distance in units of the two spreads, along axes that are turned by `turn`.
    """
    axes = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    inverse = np.linalg.inv(axes @ np.diag(np.square(spread)) @ axes.T)
    line = np.arange(side) - side // 2
    places = np.stack(np.meshgrid(line, line), -1)
    far = np.einsum("yxi,ij,yxj->yx", places, inverse, places)
    values = 1 / (far**power + 1) if plateau else np.exp(-0.5 * far**power)
    return np.asarray(values / values.sum())


def sinc(cutoff: float, side: int) -> np.ndarray:
    """A round low pass with its rings, [side, side], whose sum is 1. cutoff: in radians a pixel, at most pi."""
    line = np.arange(side) - (side - 1) / 2
    far = np.hypot(line[:, None], line)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = cutoff * j1(cutoff * far) / (2 * np.pi * far)
    values[far == 0] = cutoff**2 / (4 * np.pi)
    return np.asarray(values / values.sum())


def _resized(image: np.ndarray, draw: np.random.Generator, round_: Round, size: tuple[int, ...]) -> np.ndarray:
    """To a random factor of `size`."""
    way = int(draw.choice(3, p=round_.resize))
    low, high = round_.factor
    factor = (draw.uniform(1, high), draw.uniform(low, 1), 1.0)[way]
    return _to(image, tuple(max(4, int(side * factor)) for side in size), draw)


def _to(image: np.ndarray, size: tuple[int, ...], draw: np.random.Generator) -> np.ndarray:
    """To this size, in one of three ways by chance."""
    way = _WAYS[int(draw.integers(3))]
    if image.shape[1:] == tuple(size):
        return image
    planes = [Image.fromarray(plane.astype(np.float32)).resize((size[1], size[0]), way) for plane in image]
    return np.stack([np.asarray(plane, np.float64) for plane in planes])


def _noisy(image: np.ndarray, draw: np.random.Generator, round_: Round) -> np.ndarray:
    """With normal noise, or with that of light, in half of the cases each; in grey in two of five."""
    normal, grey = draw.random() < 0.5, draw.random() < 0.4
    shape = (1, *image.shape[1:]) if grey else image.shape
    if normal:
        return np.asarray((image + draw.uniform(*round_.noise) / 255 * draw.standard_normal(shape)).clip(0, 1))
    scale = draw.uniform(*round_.light)
    base = image.clip(0, 1)
    base = np.tensordot([0.299, 0.587, 0.114], base, 1)[None] if grey else base
    levels = 2 ** np.ceil(np.log2(max(2, len(np.unique(to_bytes(base))))))
    return np.asarray((image + scale * (draw.poisson(base * levels) / levels - base)).clip(0, 1))
