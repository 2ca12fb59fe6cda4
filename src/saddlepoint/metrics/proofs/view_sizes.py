"""How near views of several sizes from unseen cameras come to the true ones, which are averaged down to each size."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.camera import Camera
from saddlepoint.kinds.image import Image
from saddlepoint.metrics.proofs.base import Measure, Table

_TIMES = (1, 2, 4)  # that views are smaller than the data's
_ROUNDING = 1 / 12  # mean squared error of whole levels, of which PSNR counts no less


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Root of the mean squared error in levels of 0 to 255 with PSNR, each the mean over three sizes.

    psnr_small: at a quarter of the data's side. Of a method that can leave its cones out, the same network without.
    """
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    images = torch.from_numpy(np.array(dataset.fields["image"])).double()
    camera = torch.from_numpy(np.array(dataset.fields["camera"]))
    if min(images.shape[2:]) % _TIMES[-1]:
        raise ConfigError(f"this measure quarters views: {dataset.source} needs a --resolution that 4 divides.")
    nearest = torch.cdist(camera[held_out][:, [3, 7, 11]], camera[train][:, [3, 7, 11]]).argmin(1)

    def row(kind: str, name: str, views: Callable[[int], Tensor]) -> dict[str, Any]:
        gaps = [(views(times) - _smaller(images[held_out], times)).square().mean((1, 2, 3)) for times in _TIMES]
        psnr = [float((10 * torch.log10(255**2 / gap.clamp_min(_ROUNDING))).mean()) for gap in gaps]
        rmse = [float(gap.mean().sqrt()) for gap in gaps]
        means = {"rmse": sum(rmse) / len(rmse), "psnr": sum(psnr) / len(psnr), "psnr_small": psnr[-1]}
        return {"kind": kind, "name": name, **means}

    def drawn(method: Any, times: int) -> Tensor:
        at_size = torch.cat((camera[held_out][:, :16], camera[held_out][:, 16:] / times), 1).to(model.device)
        with torch.no_grad():
            views = [method.render(model.nets, one[None])["image"] for one in at_size]
        return (torch.cat(views).cpu().double().clamp(-1, 1) + 1) * 127.5

    rows = [
        row("generated", model.name, lambda times: drawn(model.method, times)),
        row("real", "the true views", lambda times: _smaller(images[held_out], times)),
        row("baseline", "naive: the nearest view", lambda times: _smaller(images[train][nearest], times)),
    ]
    if any(field.name == "cones" for field in dataclasses.fields(model.method)):
        cones: Any = model.method
        rays = dataclasses.replace(cones, cones=False)
        rows.append(row("other", "the same network, asked for rays", lambda times: drawn(rays, times)))
    sides = ", ".join(str(images.shape[-1] // times) for times in _TIMES)
    return Table(
        rows, f"{len(held_out)} held-out views at {sides} pixels a side; errors in levels, means over the sizes."
    )


def _smaller(views: Tensor, times: int) -> Tensor:
    return torch.nn.functional.avg_pool2d(views, times)


MEASURE = Measure(compare, {"rmse": "less", "psnr": "more", "psnr_small": "more"}, {"image": Image, "camera": Camera})
