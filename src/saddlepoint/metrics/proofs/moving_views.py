"""How near views of a moving scene come to the true ones at moments and from cameras that were not trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.kinds.camera import Camera
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.moment import Moment
from saddlepoint.metrics.proofs.base import Measure, Table

_ROUNDING = 1 / 12  # mean squared error of whole levels, of which PSNR counts no less


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Root of the mean squared error of held-out views in levels of 0 to 255, with PSNR as the mean over views.

    The baseline is the better of two: the trained view that is nearest in time, and the one from the nearest camera.
    """
    task = model.task("render")
    takes = {} if task is None else task.takes
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    images = dataset.fields["image"]
    camera, time = (torch.from_numpy(np.array(dataset.fields[name])) for name in ("camera", "time"))
    target = images[held_out].astype(np.float64)

    def row(kind: str, name: str, views: np.ndarray) -> dict[str, Any]:
        errors = ((views - target) ** 2).mean((1, 2, 3))
        psnr = float((10 * np.log10(255**2 / np.maximum(errors, _ROUNDING))).mean())
        return {"kind": kind, "name": name, "rmse": float(np.sqrt(errors.mean())), "psnr": psnr}

    def drawn(moments: torch.Tensor) -> np.ndarray:
        fields = {"camera": camera[held_out], "time": moments}
        known = {name: values for name, values in fields.items() if name in takes}  # a still scene takes none
        pictures = model.do("render", known, batch=1)["image"]
        levels: np.ndarray = (pictures.clamp(-1, 1).numpy().astype(np.float64) + 1) * 127.5
        return levels

    in_time = (time[held_out][:, None] - time[train][None]).abs().argmin(1)
    in_place = torch.cdist(camera[held_out][:, [3, 7, 11]], camera[train][:, [3, 7, 11]]).argmin(1)
    naive = [
        row("other", f"naive: the nearest view in {word}", images[train[nearest]].astype(np.float64))
        for word, nearest in (("time", in_time.numpy()), ("place", in_place.numpy()))
    ]
    best, worse = sorted(naive, key=lambda each: float(each["rmse"]))
    rows = (
        row("generated", model.name, drawn(time[held_out])),
        row("real", "the true views", target),
        {**best, "kind": "baseline"},
        worse,
        row("other", "the same model, held still at half time", drawn(torch.full_like(time[held_out], 0.5))),
    )
    return Table(rows, f"{len(held_out)} held-out views; errors in levels of 0 to 255, psnr is the mean over views.")


MEASURE = Measure(compare, {"rmse": "less", "psnr": "more"}, {"image": Image, "camera": Camera, "time": Moment})
