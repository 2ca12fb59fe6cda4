"""How near a field comes to the pixels of its image that it has not learnt, beside ReLU layers on the coordinates."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import pixels, to_uint8
from saddlepoint.metrics.proofs.base import Measure, Table
from saddlepoint.nn.backbones.coordinate_mlp import CoordinateMLP


def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Root of the mean squared error of the pixels that were left out, in levels of 0 to 255, with PSNR.

    The naive baseline is a network of ReLU layers of the same width and depth, by as many steps of Adam at the same
    rate. Beside it: linear interpolation between the pixels that were learnt, and their mean colour.
    """
    method: Any = model.method
    spacing, number = method.spacing, method.number
    rows = dataset.split(model.facts["data"]["held_out"])[0]
    stored = torch.from_numpy(np.ascontiguousarray(dataset.examples[rows[number]]))
    image = pixels(stored[None])[0]
    known = image[:, ::spacing, ::spacing]
    unseen = torch.ones(image.shape[1:], dtype=torch.bool)
    unseen[::spacing, ::spacing] = False
    truth = stored[:, unseen].double()

    def row(kind: str, name: str, values: Tensor) -> dict[str, Any]:
        error = float(((to_uint8(values)[:, unseen].double() - truth) ** 2).mean())
        return {"kind": kind, "name": name, "rmse": error**0.5, "psnr": 10 * float(np.log10(255**2 / max(error, 1e-9)))}

    torch.manual_seed(seed)
    raw = CoordinateMLP(2, len(image), method.width, method.depth, "raw", 0, 0)
    plain = _learnt(raw, image, spacing, model.clock.step, method.lr)
    rows_of_table = (
        row("generated", model.name, model.do("build", {})["images"][0]),
        row("real", "the image", image),
        row("baseline", "naive: ReLU layers", plain),
        row("other", "naive: linear interpolation", _between(known, spacing, image.shape[1:])),
        row("other", "naive: the mean colour", known.mean((1, 2), keepdim=True).expand_as(image)),
    )
    share = float(unseen.float().mean())
    return Table(rows_of_table, f"{share:.0%} of the pixels of one image, in levels of 0 to 255.")


def _between(known: Tensor, spacing: int, size: torch.Size) -> Tensor:
    """Linear interpolation whose nodes lie on the known pixels; beyond the last they go on as they are."""
    y, x = (torch.arange(extent) / spacing for extent in size)
    grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1)
    scale = torch.tensor([known.shape[2] - 1, known.shape[1] - 1]).clamp_min(1)
    places = grid / scale * 2 - 1
    return F.grid_sample(known[None], places[None], align_corners=True, padding_mode="border")[0]


def _learnt(network: CoordinateMLP, image: Tensor, spacing: int, steps: int, lr: float) -> Tensor:
    """The image that a network of places shows after learning every `spacing`-th pixel."""
    y, x = ((torch.arange(extent) + 0.5) * (2 / extent) - 1 for extent in image.shape[1:])
    place = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1)
    known = place[::spacing, ::spacing]
    truth = image[:, ::spacing, ::spacing].permute(1, 2, 0)
    adam = torch.optim.Adam(network.parameters(), lr=lr)
    with torch.enable_grad():
        for _ in range(steps):
            adam.zero_grad()
            F.mse_loss((network(known) / 2).tanh(), truth).backward()
            adam.step()
    with torch.no_grad():
        values: Tensor = (network(place) / 2).tanh().permute(2, 0, 1)
    return values


MEASURE = Measure(compare, {"rmse": "less", "psnr": "more"}, {"image": Image})
