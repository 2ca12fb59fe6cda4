"""How near restored images come to the true ones, beside what interpolation makes of what is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.metrics.formulas.ssim import ssim
from saddlepoint.metrics.proofs.base import Measure, Table

_PAIRS = 200


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Root of the mean squared error of held-out images in levels of 0 to 255, with PSNR and SSIM beside it.

    PSNR is the mean over images. The baseline is bicubic interpolation of what is given.
    """
    held_out = dataset.split(model.facts["data"]["held_out"])[1][:_PAIRS]
    source = pixels(torch.from_numpy(np.ascontiguousarray(dataset.fields["source"][held_out])))
    target = np.ascontiguousarray(dataset.fields["target"][held_out])
    size = target.shape[2:]

    def row(kind: str, name: str, images: torch.Tensor) -> dict[str, Any]:
        restored = to_uint8(images).numpy()
        errors = ((restored.astype(np.float64) - target) ** 2).mean((1, 2, 3))
        psnr = 10 * np.log10(255**2 / np.maximum(errors, 1e-10))
        return {
            "kind": kind,
            "name": name,
            "rmse": float(np.sqrt(errors.mean())),
            "psnr": float(psnr.mean()),
            "ssim": float(ssim(restored, target).mean()),
        }

    true = pixels(torch.from_numpy(target))
    small = F.interpolate(source, size, mode="bicubic", align_corners=False, antialias=False)
    rows = (
        row("generated", model.name, model.translate(source, seed=seed)),
        row("real", "the true images", true),
        row("baseline", "naive: bicubic interpolation", small),
    )
    protocol = f"{len(target)} held-out images in levels of 0 to 255; psnr and ssim are means over images."
    return Table(rows, protocol)


MEASURE = Measure(compare, {"rmse": "less", "psnr": "more", "ssim": "more"}, {"source": Image, "target": Image})
