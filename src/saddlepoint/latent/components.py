"""Directions without labels, from samples: the main axes in which a model's own codes or images vary.

GANSpace: Härkönen et al. 2020, arXiv:2004.02546. Styles are analysed themselves (section 3.1). Latents are even in all
directions and have no main axes; there the images are analysed, and the latents' directions are the least-squares
answer to theirs (eq. 4), with the image itself as the layer that is looked at.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.checkpoint.model import Model
from saddlepoint.latent.decode_codes import images_of
from saddlepoint.latent.directions import Directions, described, directions_of, pool, upright

_SIDE = 16
"""pixels a side that images are averaged down to, or a little more"""


def components(
    model: Model, count: int = 10, *, samples: int = 4096, seed: int = 0, label: int | None = None
) -> Directions:
    """The `count` main axes, named component-1 and so on, widest first.

    samples: codes that they are taken from, of which latents need the images too. seed: of these. label: their class,
    where the model makes a chosen one; by default all classes in turn, and the main axes may then part these.
    """
    space, codes = pool(model, samples, seed, label)
    values, of_class = codes.values.flatten(1), "" if label is None else f" of class {label}"
    if space == "w":
        vectors, variance = axes(values, count)
        of = f"styles{of_class}"
    else:
        images = images_of(model, codes)
        factor = images.shape[-1] // _SIDE
        shown = (F.avg_pool2d(images, factor) if factor > 1 else images).flatten(1)
        across, variance = axes(shown, count)
        places = (shown - shown.mean(0)).double() @ across.T  # [n, count], x_j of the paper
        vectors = torch.linalg.lstsq(places, (values - values.mean(0)).double().cpu()).solution
        of = f"images{of_class}, whose axes the latents follow by least squares"
    share = (variance / variance.sum() if variance.sum() else variance)[: len(vectors)]
    facts = {**described(model), "how": f"main axes of {samples:,} {of}", "share_of_variance": share.tolist()}
    return directions_of(space, vectors, [f"component-{number + 1}" for number in range(len(vectors))], values, facts)


def axes(rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The main axes of rows [n, d], widest first: unit vectors [count, d] and the variances along all axes, float64."""
    centred = (rows - rows.mean(0)).double().cpu()
    variance, vectors = torch.linalg.eigh(centred.T @ centred / max(len(rows) - 1, 1))
    return upright(vectors.T.flip(0)[:count]), variance.flip(0).clamp_min(0)
