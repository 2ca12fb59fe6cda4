"""How alike the finest details of generated images are to those of real ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import pixels
from saddlepoint.metrics.proofs.base import Measure, Table

_IMAGES, _PATCH, _DIRECTIONS = 1000, 5, 256


def finest(images: torch.Tensor) -> torch.Tensor:
    """What images [N, C, H, W] lose where they are halved by means and doubled again."""
    return images - F.interpolate(F.avg_pool2d(images, 2), scale_factor=2.0, mode="bilinear", align_corners=False)


def patches(details: torch.Tensor, seed: int) -> np.ndarray:
    """32 patches of each image at random, flat.  [32 N, C 25]"""
    windows = F.unfold(details, _PATCH).transpose(1, 2)  # [N, places, C 25]
    places = numpy_generator(seed, "places").integers(windows.shape[1], size=(len(windows), 32))
    rows = torch.arange(len(windows))[:, None]
    return windows[rows, torch.from_numpy(places)].flatten(0, 1).double().numpy()


def sliced(one: np.ndarray, other: np.ndarray, seed: int) -> float:
    """Sliced Wasserstein distance of two sets of patches, as many each, mean over directions."""
    directions = numpy_generator(seed, "directions").standard_normal((one.shape[1], _DIRECTIONS))
    directions /= np.linalg.norm(directions, axis=0)
    return float(np.abs(np.sort(one @ directions, 0) - np.sort(other @ directions, 0)).mean())


@torch.no_grad()
def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """The sliced Wasserstein distance of patches of the finest details, of samples and of real images.

    The baseline draws each number of the details from a Gaussian of the mean and deviation of its place.
    """
    draw = numpy_generator(seed, "details")
    rows = draw.permutation(len(dataset))[: 2 * _IMAGES]
    cut = len(rows) // 2
    real = pixels(torch.from_numpy(np.asarray(dataset.images[np.sort(rows[:cut])])))
    other = pixels(torch.from_numpy(np.asarray(dataset.images[np.sort(rows[cut:])])))[:cut]
    wanted = finest(real)
    noise = torch.from_numpy(draw.standard_normal(wanted.shape)).float()
    naive = wanted.mean(0) + wanted.std(0) * noise

    def row(kind: str, name: str, details: torch.Tensor) -> dict[str, Any]:
        distance = sliced(patches(details, seed), patches(wanted, seed + 1), seed)
        return {"kind": kind, "name": name, "distance": 1000 * distance}

    return Table(
        rows=(
            row("generated", model.name, finest(model.sample(cut, seed=seed))),
            row("baseline", "naive: Gaussian details of the right size", naive),
            row("real", "other real images", finest(other)),
            row("other", "none: coarse images, doubled", torch.zeros_like(wanted)),
        ),
        protocol=(
            f"{cut:,} images of each, 32 patches of {_PATCH}x{_PATCH} of the finest level of a Laplacian pyramid."
            f" distance: sliced Wasserstein along {_DIRECTIONS} directions from those of real images, in thousandths."
        ),
    )


MEASURE = Measure(compare, {"distance": "less"}, fields={"image": Image})
