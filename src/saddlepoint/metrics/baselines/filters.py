"""Filters that restore an image: the best linear one of a window, Wiener's and Richardson and Lucy's for a known blur.

Arrays are [N, C, H, W] in [0, 1]; results are not cut to that range.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

_PIXELS = 60_000  # that a filter is fitted to


def linear_filter(source: np.ndarray, target: np.ndarray, side: int = 7) -> Callable[[np.ndarray], np.ndarray]:
    """The filter of side x side pixels of all channels, with an offset, that errs least on these pairs.

    Least squares on 60,000 of their pixels, with a ridge of 1e-4.
    """
    few = max(1, _PIXELS // (source.shape[2] * source.shape[3]))
    rows = _windows(source[:few], side)
    wanted = target[:few].transpose(0, 2, 3, 1).reshape(-1, target.shape[1])
    square = rows.T @ rows + 1e-4 * len(rows) * np.eye(rows.shape[1])
    weights = np.linalg.solve(square, rows.T @ wanted)

    def apply(images: np.ndarray) -> np.ndarray:
        count, _, height, width = images.shape
        values = _windows(images, side) @ weights
        return np.asarray(values.reshape(count, height, width, -1).transpose(0, 3, 1, 2))

    return apply


def _windows(images: np.ndarray, side: int) -> np.ndarray:
    """The window around each pixel, and a one.  [N H W, C side side + 1]"""
    reach = side // 2
    padded = np.pad(images, ((0, 0), (0, 0), (reach, reach), (reach, reach)), mode="symmetric")
    views = np.lib.stride_tricks.sliding_window_view(padded, (side, side), (2, 3))
    rows = views.transpose(0, 2, 3, 1, 4, 5).reshape(-1, images.shape[1] * side * side)
    return np.concatenate([rows, np.ones((len(rows), 1))], 1)


def wiener(images: np.ndarray, kernels: np.ndarray, noise: float = 0.003) -> np.ndarray:
    """Wiener's filter for images blurred by odd kernels [N, K, K], one each. noise: the ratio of its power to a
    signal's.

    Wiener 1949; the image goes on in its mirror, so that no edge of the plane is sharp.
    """
    doubled = _mirrored(images)
    size = doubled.shape[2:]
    transfer = np.fft.rfft2(_centred(kernels, size))[:, None]
    answer = np.conj(transfer) / (np.abs(transfer) ** 2 + noise)
    whole = np.fft.irfft2(np.fft.rfft2(doubled) * answer, size)
    return np.asarray(whole[:, :, : images.shape[2], : images.shape[3]])


def richardson_lucy(images: np.ndarray, kernels: np.ndarray, steps: int = 30) -> np.ndarray:
    """Images blurred by kernels [N, K, K], one each, made sharp step by step.

    Richardson 1972, doi:10.1364/JOSA.62.000055; Lucy 1974, doi:10.1086/111605.
    """
    doubled = _mirrored(images)
    size = doubled.shape[2:]
    transfer = np.fft.rfft2(_centred(kernels, size))[:, None]
    guess = doubled.copy()
    for _ in range(steps):
        blurred = np.fft.irfft2(np.fft.rfft2(guess) * transfer, size)
        ratio = doubled / np.maximum(blurred, 1e-3)
        guess = np.maximum(guess * np.fft.irfft2(np.fft.rfft2(ratio) * np.conj(transfer), size), 0)
    return np.asarray(guess[:, :, : images.shape[2], : images.shape[3]])


def _mirrored(images: np.ndarray) -> np.ndarray:
    """Images with their mirrors to the right and below, which is a plane without seams when repeated."""
    wide = np.concatenate([images, images[..., ::-1]], 3)
    return np.concatenate([wide, wide[:, :, ::-1]], 2)


def _centred(kernels: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Kernels as filters that correlate, their middles at the origin of a larger plane."""
    side = kernels.shape[1]
    plane = np.zeros((len(kernels), *size))
    plane[:, :side, :side] = kernels[:, ::-1, ::-1]
    return np.roll(plane, (-(side // 2), -(side // 2)), (1, 2))
