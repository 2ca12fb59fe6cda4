"""How near restored images come to the true ones, beside the best of the classical methods for their degradation."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import pixels
from saddlepoint.metrics.baselines.classical import classical
from saddlepoint.metrics.formulas.ssim import ssim
from saddlepoint.metrics.proofs.base import Measure, Table

_PAIRS, _KNOWN = 100, 500
"""held-out pairs that are measured, and training pairs that classical methods are fitted to"""


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Root of the mean squared error of held-out images in levels of 0 to 255, with PSNR and SSIM beside it.

    Of images with holes the error is that inside the holes alone; of linear light it is that after mu-law compression.
    The baseline is whichever of `classical` errs least.
    """
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    held_out, train = held_out[:_PAIRS], train[:_KNOWN]
    stored, target = (np.ascontiguousarray(dataset.fields[name][held_out]) for name in ("source", "target"))
    known = dataset.fields["source"][train], dataset.fields["target"][train]
    linear = target.dtype == np.float32
    true = _levels(target if linear else target / 255, linear)
    holes = stored[:, -1:] < 128 if stored.shape[1] == target.shape[1] + 1 else None

    def row(kind: str, name: str, images: np.ndarray) -> dict[str, Any]:
        restored = _levels(images, linear)
        squares = (restored - true) ** 2
        where = np.broadcast_to(True if holes is None else holes, squares.shape)
        counts = where.sum((1, 2, 3))
        errors = ((squares * where).sum((1, 2, 3)) / np.maximum(counts, 1))[counts > 0]
        return {
            "kind": kind,
            "name": name,
            "rmse": float(np.sqrt(errors.mean())),
            "psnr": float((10 * np.log10(255**2 / np.maximum(errors, 1e-10))).mean()),
            "ssim": float(ssim(restored, true).mean()),
        }

    translated = model.translate(pixels(torch.from_numpy(stored)), seed=seed).as_subclass(torch.Tensor).numpy()
    own = translated if linear else (translated + 1) / 2
    others = [row("other", name, images) for name, images in classical(dataset.source, known, stored).items()]
    others.sort(key=lambda each: float(each["rmse"]))
    best = {**others[0], "kind": "baseline", "name": f"best classical: {others[0]['name']}"}
    rows = (row("generated", model.name, own), row("real", "the true images", true_images(target)), best, *others[1:])
    part = ", inside the holes" if holes is not None else ", after mu-law compression (5000)" if linear else ""
    protocol = f"{len(target)} held-out images in levels of 0 to 255{part}; psnr and ssim are means over images."
    return Table(rows, protocol)


def true_images(target: np.ndarray) -> np.ndarray:
    """Stored targets in [0, 1]."""
    return np.asarray(target if target.dtype == np.float32 else target / 255)


def _levels(images: np.ndarray, linear: bool) -> np.ndarray:
    """[0, 1] as whole levels of 0 to 255, linear light by its logarithm."""
    values = np.asarray(images, np.float64).clip(0, 1)
    if linear:
        values = np.log1p(5000 * values) / np.log1p(5000)
    return np.asarray(np.rint(values * 255))


MEASURE = Measure(compare, {"rmse": "less", "psnr": "more", "ssim": "more"}, {"source": Image, "target": Image})
