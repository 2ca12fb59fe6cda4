"""How near views from unseen cameras come to the true ones, beside the nearest of the views that were trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.kinds.camera import Camera
from saddlepoint.kinds.image import Image
from saddlepoint.metrics.formulas.ssim import ssim
from saddlepoint.metrics.proofs.base import Measure, Table

_ROUNDING = 1 / 12  # mean squared error of whole levels, of which PSNR counts no less


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Root of the mean squared error of held-out views in levels of 0 to 255, with PSNR (mean over views) and SSIM."""
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    images, cameras = dataset.fields["image"], np.asarray(dataset.fields["camera"])
    target = images[held_out]
    pictures = model.do("render", {"camera": torch.from_numpy(cameras[held_out])}, batch=1)["image"]

    def row(kind: str, name: str, views: np.ndarray) -> dict[str, Any]:
        errors = ((views.astype(np.float64) - target) ** 2).mean((1, 2, 3))
        psnr = 10 * np.log10(255**2 / np.maximum(errors, _ROUNDING))
        likeness = float(ssim(np.clip(views, 0, 255).astype(np.float64), target.astype(np.float64)).mean())
        return {
            "kind": kind, "name": name, "rmse": float(np.sqrt(errors.mean())), "psnr": float(psnr.mean()),
            "ssim": likeness,
        }  # fmt: skip

    places = cameras[:, [3, 7, 11]]
    nearest = np.linalg.norm(places[held_out][:, None] - places[train][None], axis=2).argmin(1)
    levels = (pictures.clamp(-1, 1).numpy() + 1) * 127.5
    rows = (
        row("generated", model.name, levels),
        row("real", "the true views", target),
        row("baseline", "naive: the nearest view", images[train[nearest]]),
        row("other", "naive: the mean view", np.repeat(images[train].mean(0, keepdims=True), len(held_out), 0)),
    )
    return Table(rows, f"{len(held_out)} held-out views; errors in levels of 0 to 255, psnr is the mean over views.")


MEASURE = Measure(compare, {"rmse": "less", "psnr": "more", "ssim": "more"}, {"image": Image, "camera": Camera})
