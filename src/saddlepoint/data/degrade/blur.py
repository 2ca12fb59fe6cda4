"""A shaken camera: each image is smeared along a random path of its own.

The path is a walk with inertia, as of Boracchi and Foi 2012, doi:10.1109/TIP.2012.2192126, which DeblurGAN trains on
(Kupyn et al. 2018, arXiv:1711.07064, algorithm 1), here without its rare great jerks: the speed turns by normal
numbers, and a hand draws it back. The amount is the side of the kernel in pixels, the most that the path can be long.
"""

from __future__ import annotations

import numpy as np

from saddlepoint.data.degrade._rows import SEED, filtered, to_bytes
from saddlepoint.errors import ConfigError
from saddlepoint.keyed import numpy_generator

USUAL = 9
_STEPS = 64


def degrade(images: np.ndarray, amount: int) -> np.ndarray:
    """uint8 [N, C, H, W] -> the same shape. amount: side of the kernels. Raises ConfigError for a path of no length."""
    if amount < 3:
        raise ConfigError(f"a blur of {amount} pixels moves nothing: say blur9:FOLDER, with 3 or more.")
    if amount > min(images.shape[2:]):
        raise ConfigError(f"a blur of {amount} pixels is larger than the images: say less.")
    smears = kernels(np.arange(len(images)), amount)
    blurred = (filtered(image / 255, smear) for image, smear in zip(images, smears))
    return np.stack([to_bytes(image) for image in blurred])


def kernels(rows: np.ndarray, amount: int) -> np.ndarray:
    """The kernels of images number `rows`: how long each path stays at each pixel; each has the sum 1.

    [N, K, K] with K = `amount` or the odd number below it.
    """
    side = amount - 1 + amount % 2
    draws = [numpy_generator(SEED, "blur", row) for row in rows]
    turns = np.stack([draw.standard_normal((_STEPS, 2)) for draw in draws], 1)  # [steps, N, 2]
    angle, length = np.stack([draw.uniform((0, 0.5), (2 * np.pi, 1)) for draw in draws], 1)
    speed, place = np.stack((np.cos(angle), np.sin(angle)), 1), np.zeros((len(rows), 2))
    path = np.empty_like(turns)
    for step, turn in enumerate(turns):
        speed = speed + 0.35 * turn - 0.02 * place
        speed /= np.hypot(*speed.T)[:, None]
        place = place + speed
        path[step] = place
    path -= path.mean(0)
    path *= length[:, None] * (side / 2 - 1) / np.abs(path).max((0, 2))[:, None]
    path += side // 2
    low = np.floor(path).astype(int)
    share = path - low
    whole = np.zeros((len(rows), side, side))
    number = np.broadcast_to(np.arange(len(rows)), path.shape[:2])
    for down in (0, 1):
        for across in (0, 1):
            weight = np.abs(1 - down - share[..., 0]) * np.abs(1 - across - share[..., 1])
            np.add.at(whole, (number, low[..., 0] + down, low[..., 1] + across), weight)
    return np.asarray(whole / whole.sum((1, 2), keepdims=True))
