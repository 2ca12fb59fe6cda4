"""Hybrid inversion: an encoder names the code, descent goes on from there. Zhu et al. 2016, arXiv:1609.03552, sec. 4.1.

The descent begins near the end already, so it is not shaken at first.
"""

from __future__ import annotations

import time
from dataclasses import replace

from torch import Tensor

from saddlepoint.checkpoint.model import Model
from saddlepoint.latent.descend import Progress, Stop
from saddlepoint.latent.encoder import Encoder, named
from saddlepoint.latent.perceptual import Kind
from saddlepoint.latent.project import Projected, Projection, checked, project


def hybrid(
    model: Model,
    encoder: Encoder,
    images: Tensor,
    *,
    settings: Projection | None = None,
    label: int | None = None,
    kind: Kind = "auto",
    batch: int = 16,
    progress: Progress = lambda step, share, loss: None,
    stop: Stop = lambda: False,
) -> Projected:
    """The codes of `images`, [n, C, H, W] in [-1, 1], in the encoder's space. Arguments and errors as in `project`.

    The seconds of the settings hold for both parts together.
    """
    began = time.perf_counter()
    start = named(model, encoder, checked(model, images), label)
    settings = replace(settings or Projection(), explore=0.0)
    spent = time.perf_counter() - began
    if settings.seconds is not None:
        settings = replace(settings, seconds=max(settings.seconds - spent, 1e-3))
    result = project(
        model, images, space=encoder.space, settings=settings, start=start, kind=kind, batch=batch, progress=progress,
        stop=stop,
    )  # fmt: skip
    return replace(result, seconds=time.perf_counter() - began)
