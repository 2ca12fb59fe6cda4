"""How near images made from layouts come to the truth, and how well their layout can be read off them again.

The second is the score of a segmenter on translations, as Isola et al. 2017, arXiv:1611.07004, section 3.4, have it
(FCN score): the segmenter here is a normal distribution of colours and heights for each class, fitted to true images.
"""

from __future__ import annotations

from typing import Any, final

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.metrics.baselines.translation import ColourTable, mean_image
from saddlepoint.metrics.proofs.base import Measure, Table
from saddlepoint.metrics.proofs.translation import MOST_NAIVE

_FIT = 400
"""images that the segmenter is fitted to"""


@final
class Segmenter:
    """Says of each pixel which class it shows, by colour and height: the likeliest under normal distributions.

    layouts: uint8 [N, C, H, W], whose distinct colours are the classes. images: uint8 [N, C, H, W], of the same scenes.
    """

    def __init__(self, layouts: np.ndarray, images: np.ndarray) -> None:
        self.colours = np.unique(layouts.transpose(0, 2, 3, 1).reshape(-1, layouts.shape[1]), axis=0)
        rows, numbers = _rows(images), self.classes(layouts).ravel()
        self.means, self.inverses, self.offsets = [], [], []
        for number in range(len(self.colours)):
            own = rows[numbers == number]
            spread = np.cov(own.T) + np.eye(own.shape[1])
            self.means.append(own.mean(0))
            self.inverses.append(np.linalg.inv(spread))
            self.offsets.append(np.log(len(own) / len(rows)) - 0.5 * np.linalg.slogdet(spread)[1])

    def classes(self, layouts: np.ndarray) -> np.ndarray:
        """The class of each pixel of layouts, by the nearest colour.  [N, H, W]"""
        far = np.stack([((layouts - colour[:, None, None].astype(int)) ** 2).sum(1) for colour in self.colours])
        return np.asarray(far.argmin(0))

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """The class of each pixel of images.  [N, H, W]"""
        rows = _rows(images)
        scores = []
        for mean, inverse, offset in zip(self.means, self.inverses, self.offsets):
            away = rows - mean
            scores.append(offset - 0.5 * np.einsum("ij,jk,ik->i", away, inverse, away))
        shape = (len(images), *images.shape[2:])
        classes: np.ndarray = np.stack(scores).argmax(0).reshape(shape)
        return classes


def _rows(images: np.ndarray) -> np.ndarray:
    """Colour and height of each pixel.  [N H W, C + 1]"""
    count, _, height, width = images.shape
    down = np.broadcast_to(np.linspace(0, 255, height)[None, None, :, None], (count, 1, height, width))
    joined = np.concatenate((images.astype(np.float64), down), 1)
    return np.asarray(joined.transpose(0, 2, 3, 1).reshape(-1, joined.shape[1]))


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Distance of held-out images to the truth, and the share of pixels whose class is read off right."""
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    sources, targets = (dataset.fields[name][train[:MOST_NAIVE]] for name in ("source", "target"))
    source, truth = (dataset.fields[name][held_out] for name in ("source", "target"))
    segmenter = Segmenter(sources[:_FIT], targets[:_FIT])
    classes = segmenter.classes(source)

    def row(kind: str, name: str, images: np.ndarray) -> dict[str, Any]:
        read = segmenter(images)
        shared = [
            np.logical_and(read == one, classes == one).sum() / max(np.logical_or(read == one, classes == one).sum(), 1)
            for one in range(len(segmenter.colours))
        ]
        return {
            "kind": kind,
            "name": name,
            "error": float(np.abs(images.astype(np.float32) - truth).mean()),
            "pixels": float((read == classes).mean()),
            "overlap": float(np.mean(shared)),
        }

    images = to_uint8(model.translate(pixels(torch.from_numpy(source)), "source", seed=seed)).numpy()
    naive = [
        row("other", "naive: the source itself", source),
        row("other", "naive: the mean target", mean_image(targets, len(source))),
        row("other", "naive: each colour for itself", ColourTable(sources, targets)(source)),
    ]
    best = min(naive, key=lambda line: line["error"])
    best["kind"] = "baseline"
    return Table(
        rows=(row("generated", model.name, images), row("real", "the truth", truth), *naive),
        protocol=(
            f"error: mean absolute difference to the true image in levels of 0 to 255, of {len(source)} held-out"
            " images. pixels: share whose class a segmenter, fitted to true images by colour and height, reads off"
            " right. overlap: intersection over union, mean over classes. The baseline is the best of the naive maps:"
            f" {best['name']}."
        ),
    )


MEASURE = Measure(
    compare,
    {"error": "less", "pixels": "more", "overlap": "more"},
    fields={"source": Image, "target": Image},
)
