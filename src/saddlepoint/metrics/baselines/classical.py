"""What was done against each degradation before networks: the classical methods that a restoration has to beat.

For every degradation also what is given as it is, and the best linear filter of 7x7 pixels, fitted to training pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch.nn import functional as F

from saddlepoint.data import degrade
from saddlepoint.data.degrade import blur, defocus, exposures
from saddlepoint.metrics.baselines.bm3d import bm3d
from saddlepoint.metrics.baselines.dark_channel import dehazed
from saddlepoint.metrics.baselines.exposures import merged
from saddlepoint.metrics.baselines.filling import filled
from saddlepoint.metrics.baselines.filters import linear_filter, richardson_lucy, wiener
from saddlepoint.metrics.baselines.non_local_means import non_local_means
from saddlepoint.metrics.baselines.translation import ColourTable

Restored = Mapping[str, np.ndarray]
_CLOUD = 0.6
"""level of the darkest colour from which a pixel is taken for a cloud"""


def classical(word: str, known: tuple[np.ndarray, np.ndarray], source: np.ndarray) -> Restored:
    """Held-out images restored by each classical method that goes with their degradation, by its name.

    word: of the data, such as "noise25:FOLDER". known: sources and targets to fit to. source: [n, c, h, w]; all as
    they are stored. Returns float64 [n, C, H, W] in [0, 1].
    """
    name, amount, _ = degrade.split(word) or ("", None, "")
    given, wanted = known[0] / 255, known[1] if known[1].dtype == np.float32 else known[1] / 255
    images = source / 255
    channels = wanted.shape[1]
    size = wanted.shape[2:]
    results: dict[str, np.ndarray] = {}
    if images.shape[2:] != size:
        large = F.interpolate(torch.from_numpy(images), size, mode="bicubic", align_corners=False)
        return {"bicubic interpolation": large.numpy().clip(0, 1)}
    if images.shape[1] == channels + 1:
        shown, mask = images[:, :channels], images[:, -1] > 0.5
        mean = np.where(mask[:, None], shown, wanted.mean((0, 2, 3))[:, None, None])
        fills = {"mean colour": mean, "membrane": filled(shown, mask), "thin plate": filled(shown, mask, plate=True)}
        return {key: value.clip(0, 1) for key, value in fills.items()}
    if images.shape[1] == channels:
        results["as it is"] = images
    results["best linear filter"] = linear_filter(given, wanted)(images)
    special = _SPECIAL.get(name)
    if special is not None:
        results |= special(images, amount, (given, wanted))
    return {key: value.clip(0, 1) for key, value in results.items()}


def _of_noise(images: np.ndarray, amount: int | None, known: tuple[np.ndarray, np.ndarray]) -> Restored:
    deviation = (25 if amount is None else amount) / 255
    return _denoised(images, np.full(len(images), deviation))


def _denoised(images: np.ndarray, deviation: np.ndarray) -> Restored:
    return {
        "BM3D": np.stack([bm3d(image, own, reach=8) for image, own in zip(images, deviation)]),
        "non-local means": np.stack([non_local_means(image, own) for image, own in zip(images, deviation)]),
    }


def _of_unknown_noise(images: np.ndarray, amount: int | None, known: tuple[np.ndarray, np.ndarray]) -> Restored:
    """Its deviation is estimated of each image: the median of its finest diagonal differences (Donoho 1994)."""
    fine = (images[..., ::2, ::2] - images[..., 1::2, ::2] - images[..., ::2, 1::2] + images[..., 1::2, 1::2]) / 2
    deviation = np.median(np.abs(fine), (1, 2, 3)) / 0.6745
    return {f"{name}, estimated noise": each for name, each in _denoised(images, deviation + 1e-3).items()}


def _of_blur(images: np.ndarray, amount: int | None, known: tuple[np.ndarray, np.ndarray]) -> Restored:
    """No held-out kernel is known: the mean of many stands for each."""
    mean = blur.kernels(np.arange(500), blur.USUAL if amount is None else amount).mean(0)
    kernels = np.broadcast_to(mean, (len(images), *mean.shape))
    return {
        "Wiener, mean kernel": wiener(images, kernels, 0.02),
        "Richardson-Lucy, mean kernel": richardson_lucy(images, kernels, 10),
    }


def _of_defocus(images: np.ndarray, amount: int | None, known: tuple[np.ndarray, np.ndarray]) -> Restored:
    disc = defocus.kernel(defocus.USUAL if amount is None else amount)
    kernels = np.broadcast_to(disc, (len(images), *disc.shape))
    return {"Wiener": wiener(images, kernels), "Richardson-Lucy": richardson_lucy(images, kernels)}


def _by_pixel(images: np.ndarray, amount: int | None, known: tuple[np.ndarray, np.ndarray]) -> Restored:
    """The mean true colour of each given colour: the best curve, or table, of single pixels."""
    table = ColourTable(*(np.rint(each * 255).astype(np.uint8) for each in known))
    return {"colour table": table(np.rint(images * 255).astype(np.uint8)) / 255}


def _of_grey(images: np.ndarray, amount: int | None, known: tuple[np.ndarray, np.ndarray]) -> Restored:
    """The mean true colour of each of 256 greys; of one that is not known, that of the next darker one."""
    level = np.rint(known[0][:, 0] * 255).astype(int)
    counts = np.bincount(level.ravel(), minlength=256)
    sums = np.stack([np.bincount(level.ravel(), channel.ravel(), 256) for channel in known[1].transpose(1, 0, 2, 3)])
    nearest = np.maximum.accumulate(np.where(counts > 0, np.arange(256), np.flatnonzero(counts)[0]))
    table = (sums / np.maximum(counts, 1))[:, nearest]
    return {"table of greys": table[:, np.rint(images[:, 0] * 255).astype(int)].transpose(1, 0, 2, 3)}


def _of_haze(images: np.ndarray, amount: int | None, known: tuple[np.ndarray, np.ndarray]) -> Restored:
    return {
        "dark channel": dehazed(images),
        "dark channel, 7 pixels": dehazed(images, window=7),
        **_by_pixel(images, amount, known),
    }


def _of_clouds(images: np.ndarray, amount: int | None, known: tuple[np.ndarray, np.ndarray]) -> Restored:
    """Where the darkest of three colours is light, a cloud is taken for granted and filled from around it."""
    shown = images[:, :3]
    clear = shown.min(1) < _CLOUD
    mean = np.where(clear[:, None], shown, known[1].mean((0, 2, 3))[:, None, None])
    return {"as it is": shown, "mean colour under clouds": mean, "membrane under clouds": filled(shown, clear)}


def _of_exposures(images: np.ndarray, amount: int | None, known: tuple[np.ndarray, np.ndarray]) -> Restored:
    middle = images[:, 3:6] ** exposures.CURVE / exposures.TIMES[1]
    return {"middle exposure": middle, "weighted merge": merged(images, exposures.TIMES, exposures.CURVE)}


_SPECIAL: dict[str, Callable[[np.ndarray, int | None, tuple[np.ndarray, np.ndarray]], Restored]] = {
    "noise": _of_noise,
    "sensor": _of_unknown_noise,
    "blur": _of_blur,
    "defocus": _of_defocus,
    "grey": _of_grey,
    "dark": _by_pixel,
    "faded": _by_pixel,
    "haze": _of_haze,
    "cloudy": _of_clouds,
    "exposures": _of_exposures,
}
