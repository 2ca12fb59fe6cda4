"""BM3D: like patches of an image are stacked and denoised together, once roughly and once with the rough result as a
guide. Dabov et al. 2007, doi:10.1109/TIP.2007.901238.

Both steps on one image: for each reference patch the nearest patches around it; a transform of the stack; in step one
what is small is cut off (hard threshold), in step two each coefficient is weighed as Wiener's filter does, from the
first result; then back, and a mean of all that overlaps, each stack weighed by how little noise it keeps. Smaller than
the paper: the transform of a patch is the cosine transform in both steps, that of the stack Haar's, and a colour image
is one of three channels of brightness and colour, whose like patches are found by brightness alone, as in its own
version for colour.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import dctn, idctn

_TO_OPPONENT = np.array([[1 / 3, 1 / 3, 1 / 3], [0.5, 0, -0.5], [0.25, -0.5, 0.25]])


def bm3d(
    image: np.ndarray, deviation: float, *, patch: int = 8, step: int = 3, reach: int = 12, most: int = 16
) -> np.ndarray:
    """An image [C, H, W], C 1 or 3, with noise of a known deviation -> the same shape, denoised, float64.

    deviation: in units of the image. patch: side of a patch. step: between reference patches. reach: how far like
    patches are looked for. most: patches in a stack, a power of 2.
    """
    image = np.asarray(image, np.float64)
    patch = min(patch, *image.shape[1:])
    turn = _TO_OPPONENT if len(image) == 3 else np.eye(len(image))
    noisy = np.tensordot(turn, image, 1)
    noise = deviation * np.sqrt((turn**2).sum(1))  # of each channel after the turn
    stacks = _matches(noisy[0], patch, step, reach, most)
    rough = _step(noisy, noisy, noise, stacks, patch, wiener=False)
    stacks = _matches(rough[0], patch, step, reach, 2 * most)
    fine = _step(noisy, rough, noise, stacks, patch, wiener=True)
    return np.asarray(np.tensordot(np.linalg.inv(turn), fine, 1))


def _patches(image: np.ndarray, side: int) -> np.ndarray:
    """All patches of [C, H, W]: [C, places down, places across, side, side], without a copy."""
    return np.lib.stride_tricks.sliding_window_view(image, (side, side), (1, 2))


def _matches(image: np.ndarray, side: int, step: int, reach: int, most: int) -> np.ndarray:
    """For each reference patch the places of the patches nearest to it, itself first.  [references, most, 2]"""
    down, across = (length - side + 1 for length in image.shape)
    patches = _patches(image[None], side)[0]
    most = 1 << (min(most, down * across).bit_length() - 1)
    rows = [*range(0, down - 1, step), down - 1]
    columns = [*range(0, across - 1, step), across - 1]
    shifts = np.array([(y, x) for y in range(-reach, reach + 1) for x in range(-reach, reach + 1)])
    references = np.array([(row, column) for row in rows for column in columns])
    places = references[:, None] + shifts  # [references, shifts, 2]
    inside = ((places >= 0) & (places < (down, across))).all(2)
    clipped = places.clip(0, (down - 1, across - 1))
    result = np.empty((len(references), most, 2), int)
    for start in range(0, len(references), 64):
        part = slice(start, start + 64)
        own = patches[references[part, 0], references[part, 1]]
        others = patches[clipped[part, :, 0], clipped[part, :, 1]]
        far = ((others - own[:, None]) ** 2).sum((2, 3))
        far[~inside[part]] = np.inf
        order = np.argsort(far, 1, kind="stable")[:, :most]
        usable = np.take_along_axis(far, order, 1) < np.inf
        nearest = np.take_along_axis(clipped[part], order[..., None], 1)
        result[part] = np.where(usable[..., None], nearest, nearest[:, :1])
    return result


def _haar(count: int) -> np.ndarray:
    """Haar's orthonormal transform of a power of 2.  [count, count]"""
    matrix = np.ones((1, 1))
    while len(matrix) < count:
        up = np.kron(matrix, [1, 1])
        matrix = np.concatenate([up, np.kron(np.eye(len(matrix)), [1, -1])]) / np.sqrt(2)
    return matrix


def _step(
    noisy: np.ndarray, guide: np.ndarray, noise: np.ndarray, stacks: np.ndarray, side: int, *, wiener: bool
) -> np.ndarray:
    channels, height, width = noisy.shape
    haar = _haar(stacks.shape[1])
    total, weights = np.zeros((channels, height, width)), np.zeros((channels, height, width))
    line = np.kaiser(side, 2.0)
    window = np.outer(line, line)
    grid = np.arange(side)
    down = stacks[..., 0, None, None] + grid[:, None]
    across = stacks[..., 1, None, None] + grid
    for channel, spread in enumerate(noise):
        own = _patches(noisy[channel][None], side)[0][stacks[..., 0], stacks[..., 1]]  # [R, K, side, side]
        values = np.einsum("kj,rjab->rkab", haar, dctn(own, axes=(2, 3), norm="ortho"))
        if wiener:
            like = _patches(guide[channel][None], side)[0][stacks[..., 0], stacks[..., 1]]
            power = np.einsum("kj,rjab->rkab", haar, dctn(like, axes=(2, 3), norm="ortho")) ** 2
            share = power / (power + spread**2)
            kept = (share**2).sum((1, 2, 3))
        else:
            share = (np.abs(values) > 2.7 * spread).astype(np.float64)
            share[:, 0, 0, 0] = 1  # the mean stays
            kept = share.sum((1, 2, 3))
        back = idctn(np.einsum("kj,rkab->rjab", haar, share * values), axes=(2, 3), norm="ortho")
        weight = (1 / np.maximum(kept, 1))[:, None, None, None] * window
        np.add.at(total[channel], (down, across), back * weight)
        np.add.at(weights[channel], (down, across), np.broadcast_to(weight, back.shape))
    return np.asarray(total / np.maximum(weights, 1e-12))
