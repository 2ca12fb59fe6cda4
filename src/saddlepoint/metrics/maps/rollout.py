"""Attention, rolled out over the layers, as a map over the pixels. Abnar & Zuidema 2020, arXiv:2005.00928."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.errors import CapabilityError
from saddlepoint.methods.abilities import Attends


def rollout_map(model: Model, images: Tensor) -> Tensor:
    """How much of the answer comes from each pixel's patch, beyond the least of the image: [n, H, W] float32.

    images: [n, C, H, W] in [-1, 1]. Raises CapabilityError for a model without attention over patches.
    """
    if not isinstance(model.method, Attends):
        raise CapabilityError(f"{model.name} has no attention over an image: use --map occlusion, which any model has.")
    shares = torch.cat([model.method.attended(model.nets, part.to(model.device)) for part in images.split(64)])
    shares = shares - shares.amin((1, 2), keepdim=True)
    spread = F.interpolate(shares[:, None].float(), images.shape[2:], mode="bilinear", align_corners=False)
    return spread[:, 0].cpu()
