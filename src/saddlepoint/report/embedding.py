"""Codes of many images as a person looks at them: flat pictures by PCA and t-SNE, and the nearest of each.

PCA is a map, so another image has a place in it; t-SNE is not: it places the given images alone, distances between far
groups say nothing, and another seed or perplexity gives another picture (van der Maaten & Hinton 2008, JMLR 9, 2579).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from saddlepoint.errors import DataError
from saddlepoint.keyed import key
from saddlepoint.report.captioned import captioned
from saddlepoint.report.scatter import frame, scatter

Metric = Literal["euclidean", "cosine"]
Codes = NDArray[np.float32]
"""[n, D]"""
_BEFORE = 50
"""principal components that t-SNE is given of longer codes, as its authors advise"""


def principal(codes: Codes, dimensions: int) -> tuple[Codes, float]:
    """The first principal components of each code, [n, dimensions], and the share of variance in them.

    Codes with fewer numbers, or fewer codes, give zeros for the rest.
    """
    count = min(dimensions, *codes.shape)
    places = np.zeros((len(codes), dimensions), np.float32)
    if len(codes) < 2:
        return places, 0.0
    fitted = PCA(count, svd_solver="full").fit(codes)
    places[:, :count] = fitted.transform(codes)
    share = float(np.nan_to_num(fitted.explained_variance_ratio_).sum())
    return places, share


def neighbourly(codes: Codes, dimensions: int, perplexity: float, seed: int, metric: Metric = "euclidean") -> Codes:
    """Places by t-SNE, [n, dimensions]: near codes lie near each other.

    perplexity: how many neighbours a code about has; more than 1, and less than the number of codes.
    Raises DataError where it is not.
    """
    if not 1 < perplexity < len(codes):
        raise DataError(
            f"a perplexity of {perplexity:g} does not fit {len(codes)} images: it is more than 1 and less than their"
            " number, and usually a third of it or less."
        )
    if codes.shape[1] > _BEFORE and len(codes) > _BEFORE and metric == "euclidean":
        codes = principal(codes, _BEFORE)[0]
    init = "pca" if metric == "euclidean" and min(codes.shape) >= dimensions else "random"
    placed = TSNE(dimensions, perplexity=perplexity, init=init, metric=metric, random_state=key(seed, "t-SNE") % 2**31)
    return np.asarray(placed.fit_transform(codes), np.float32)


def nearest(codes: Codes, count: int, metric: Metric = "euclidean") -> tuple[NDArray[np.int64], Codes]:
    """The rows of the nearest other codes of each, [n, count], and their distances, nearest first.

    Raises DataError where there are not that many others.
    """
    if not 1 <= count < len(codes):
        raise DataError(f"{count} neighbours of each of {len(codes)} images cannot be had: ask for fewer.")
    distances, rows = NearestNeighbors(n_neighbors=count + 1, metric=metric).fit(codes).kneighbors(codes)
    own = rows == np.arange(len(codes))[:, None]
    own[~own.any(1), -1] = True  # of identical codes the image itself may not be among those that are found
    return rows[~own].reshape(len(codes), count), distances[~own].reshape(len(codes), count).astype(np.float32)


def flat_picture(places: Codes, labels: NDArray[np.int64], names: Sequence[str], lines: Sequence[str]) -> Image.Image:
    """Places [n, 2] as a scatter, a colour for each class; of places [n, 3] the views from three sides.

    labels: [n], places in `names`, of which there are at most ten, or none. lines: words above.
    """
    points = torch.from_numpy(places.astype(np.float32))
    pairs = [(0, 1)] if places.shape[1] == 2 else [(0, 1), (0, 2), (2, 1)]
    views = [points[:, pair] for pair in pairs]
    pictures = [scatter(view, torch.from_numpy(labels), names, frame(view), lines) for view in views]
    whole = Image.new("RGB", (sum(picture.width for picture in pictures), pictures[0].height), "white")
    left = 0
    for picture in pictures:
        whole.paste(picture, (left, 0))
        left += picture.width
    return whole


def neighbour_sheet(
    images: Tensor, names: Sequence[str], rows: NDArray[np.int64], chosen: Sequence[int]
) -> Image.Image:
    """Some images, a row each, with their nearest to the right.

    images: [n, C, H, W] in [-1, 1]. names: of all. rows: as `nearest` gives them. chosen: the images that have a row.
    """
    tiles = [images[place] for first in chosen for place in (first, *rows[first].tolist())]
    columns = ["image", *(f"nearest {number + 1}" for number in range(rows.shape[1]))]
    return captioned(tiles, [names[first] for first in chosen], columns, "Images and the nearest of the others")
