"""How far two images are apart to the eye, as a loss: LPIPS where its weights are at hand, else a Laplacian pyramid.

LPIPS: Zhang et al. 2018, arXiv:1801.03924. Pyramid: the distance with which Bojanowski et al. 2018, arXiv:1707.05776
(section 3.1, after Ling & Okada 2006) seek the latents of given images: the mean |difference| of each band of detail.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol, final

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.data.batches import DataSpec
from saddlepoint.data.sources.disk import cache_folder
from saddlepoint.errors import ConfigError
from saddlepoint.metrics.extractors.lpips import published_lpips
from saddlepoint.nn.backbones.lpips import HEADS, LPIPS, TRUNKS

Kind = Literal["auto", "lpips", "pyramid"]
LEAST_SIDE = 64
"""pixels from which LPIPS is taken of its own accord: its trunks halve an image five times"""
COARSEST = 4
"""pixels of the pyramid's last level"""


class Distance(Protocol):
    """Two sets of images [n, C, H, W] in [-1, 1] -> [n], 0 for equal ones; can be differentiated."""

    name: str

    def __call__(self, a: Tensor, b: Tensor) -> Tensor: ...


def distance(kind: Kind, spec: DataSpec, device: torch.device) -> Distance:
    """The distance for images of the form of `spec`.

    kind: "auto" takes LPIPS (AlexNet) when both of its published files are in the cache and the images have one or
    three channels and 64 pixels or more, else the pyramid; no network is tried. "lpips" fetches what is missing.
    Raises OfflineError or DataError where LPIPS was asked for and cannot be had.
    """
    fits = spec.channels in (1, 3)
    if kind == "lpips" and not fits:
        raise ConfigError(f"LPIPS looks at one or three channels, not {spec.channels}: ask for --distance pyramid.")
    if kind == "lpips" or (kind == "auto" and fits and spec.resolution >= LEAST_SIDE and _at_hand()):
        return Perceptual(published_lpips("alex").to(device))
    return Pyramid()


def _at_hand() -> bool:
    folder: Path = cache_folder(None) / "weights"
    return all((folder / name).is_file() for name in (TRUNKS["alex"].published.name, HEADS["alex"].name))


@final
class Perceptual:
    """LPIPS v0.1 under the name that a result states."""

    name = "LPIPS (AlexNet)"

    def __init__(self, network: LPIPS) -> None:
        self.network = network

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        distance: Tensor = self.network(a, b)
        return distance


@final
class Pyramid:
    """The mean over the bands of a Laplacian pyramid of their mean |difference|; no weights, any channels and side."""

    name = "Laplacian pyramid"

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        rest, bands = a - b, []  # the pyramid is linear: that of the difference is the difference of the two
        while min(rest.shape[2:]) >= 2 * COARSEST:
            coarse = F.avg_pool2d(rest, 2)
            smooth = F.interpolate(coarse, rest.shape[2:], mode="bilinear", align_corners=False)
            bands.append((rest - smooth).abs().mean((1, 2, 3)))
            rest = coarse
        bands.append(rest.abs().mean((1, 2, 3)))
        return sum(bands[1:], bands[0]) / len(bands)
