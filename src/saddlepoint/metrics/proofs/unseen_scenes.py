"""How near the views of scenes that were never trained on come to the true ones, by what a few of their views show."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.rig import Rig
from saddlepoint.kinds.views import Views
from saddlepoint.metrics.formulas.ssim import ssim
from saddlepoint.metrics.proofs.base import Measure, Table

_ROUNDING = 1 / 12  # mean squared error of whole levels, of which PSNR counts no less
_TARGETS = 2  # views of each scene that are compared
_SIMILAR = 4  # one scene of so many has cameras that are near enough to be compared


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Root of the mean squared error of the last two views of held-out scenes in levels of 0 to 255, with PSNR (mean
    over views) and SSIM; the first views are given.

    The baseline is the best of three: the mean of all trained views; the given view from the nearest camera; and of the
    trained scene whose view is most like the given one, the view from the nearest camera.
    """
    task = model.task("render")
    if task is None or "rig" not in task.takes:
        raise ConfigError(f"{model.name} makes no scene of given views.")
    count = task.takes["rig"].shape[0]
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    views, rig = dataset.fields["views"], np.asarray(dataset.fields["rig"])
    if count + _TARGETS > views.shape[1]:
        raise ConfigError(f"each scene has {views.shape[1]} views: too few to give {count} and compare {_TARGETS}.")
    given, cameras = views[held_out][:, :count], rig[held_out][:, :count]
    targets, wanted = views[held_out][:, -_TARGETS:], rig[held_out][:, -_TARGETS:]
    target = targets.reshape(-1, *targets.shape[2:])

    def row(kind: str, name: str, pictures: np.ndarray) -> dict[str, Any]:
        errors = ((pictures.astype(np.float64) - target) ** 2).mean((1, 2, 3))
        psnr = 10 * np.log10(255**2 / np.maximum(errors, _ROUNDING))
        likeness = float(ssim(np.clip(pictures, 0, 255).astype(np.float64), target.astype(np.float64)).mean())
        return {
            "kind": kind, "name": name, "rmse": float(np.sqrt(errors.mean())), "psnr": float(psnr.mean()),
            "ssim": likeness,
        }  # fmt: skip

    def many(values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.repeat(values, _TARGETS, 0))

    fields = {
        "camera": torch.from_numpy(wanted.reshape(-1, wanted.shape[2])),
        "views": many(given).float() / 127.5 - 1,
        "rig": many(cameras),
    }
    for name in task.takes.keys() - fields.keys():
        of_views = np.asarray(dataset.fields[f"{name}s"])[held_out]  # such as the expression of each view
        fields[name] = torch.from_numpy(of_views[:, -_TARGETS:]).flatten(0, 1)
    rendered = model.do("render", fields, batch=2 * _TARGETS)["image"]
    levels = (rendered.clamp(-1, 1).numpy() + 1) * 127.5
    others = []
    if more := task.takes.keys() - {"camera", "views", "rig"}:  # such as an expression: does the model heed it?
        turned = {name: values.roll(_TARGETS, 0) if name in more else values for name, values in fields.items()}
        deaf = (model.do("render", turned, batch=2 * _TARGETS)["image"].clamp(-1, 1).numpy() + 1) * 127.5
        others.append(row("other", f"the same model with the {' and '.join(sorted(more))} of another scene", deaf))
    apart = _apart(wanted, cameras)  # [n, targets, given]
    nearest = np.take_along_axis(given, apart.argmin(2)[..., None, None, None], 1).reshape(target.shape)
    naive = [
        row("other", "naive: the mean view", np.repeat(views[train].mean((0, 1))[None], len(target), 0)),
        row("other", "naive: the given view that is nearest", nearest),
        row("other", "naive: the trained scene most like it", _alike(views, rig, train, given, cameras, wanted)),
    ]
    best = min(naive, key=lambda each: float(each["rmse"]))
    rows = (
        row("generated", model.name, levels),
        row("real", "the true views", target),
        {**best, "kind": "baseline"},
        *(each for each in naive if each is not best),
        *others,
    )
    text = f"{_TARGETS} views of each of {len(held_out)} scenes that were not trained on, by {count} other given"
    return Table(rows, f"{text}; errors in levels of 0 to 255, psnr is the mean over views.")


MEASURE = Measure(compare, {"rmse": "less", "psnr": "more", "ssim": "more"}, {"views": Views, "rig": Rig})


def _apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Distances between the cameras of two rigs each.  [n, a, 22], [n, b, 22] -> [n, a, b]"""
    places = (one[:, :, None, [3, 7, 11]], other[:, None, :, [3, 7, 11]])
    return np.asarray(np.linalg.norm(places[0] - places[1], axis=3))


def _alike(
    views: np.ndarray, rig: np.ndarray, train: np.ndarray, given: np.ndarray, cameras: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    """Of the trained scenes whose cameras are near both to the first given and to the wanted one the view of that which
    is most like the first given view."""
    known, rigs, pictures = views[train], rig[train], []
    number = np.arange(len(train))
    for first, camera, aims in zip(given[:, 0], cameras[:, :1], wanted):
        apart = _apart(np.broadcast_to(camera, (len(train), *camera.shape)), rigs)[:, 0]
        like = apart.argmin(1)
        errors = ((known[number, like].astype(np.float64) - first) ** 2).mean((1, 2, 3))
        for aim in aims:
            away = _apart(np.broadcast_to(aim, (len(train), 1, len(aim))), rigs)[:, 0]
            off = apart.min(1) + away.min(1)
            near = np.flatnonzero(off <= np.quantile(off, 1 / _SIMILAR))
            best = near[errors[near].argmin()]
            pictures.append(known[best, away[best].argmin()])
    return np.stack(pictures)
