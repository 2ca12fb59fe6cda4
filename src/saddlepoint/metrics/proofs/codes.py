"""How well a few whole numbers hold an image, and how much a prior knows of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from scipy.special import entr
from sklearn.cluster import MiniBatchKMeans

from saddlepoint.checkpoint.model import Model
from saddlepoint.data.dataset import Dataset
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import pixels
from saddlepoint.metrics.proofs.base import Measure, Table

PATCH = 4
"""side of the patches of the baseline"""
_COUNTED = 2000  # training images whose codes are counted


@torch.no_grad()
def compare(model: Model, dataset: Dataset, seed: int) -> Table:
    """Mean square error of held-out images that are made again from their codes.

    The baseline has as many bits: k-means on patches of 4x4 pixels, each of which becomes the nearest centre.
    """
    method: Any = model.method
    if not hasattr(method, "quantise"):
        raise ConfigError(f"{model.name} describes no image by codes from a list.")
    train, held_out = dataset.split(model.facts["data"]["held_out"])
    images, known = (pixels(torch.from_numpy(dataset.images[rows])) for rows in (held_out, train[:_COUNTED]))
    labels = torch.from_numpy(dataset.fields["label"][held_out]) if method.by_class else None
    quantised = method.quantise(model.nets, images)
    books: list[Any] = [model.nets.get_submodule(name) for name in method.books]
    codes, values = [each.codes for each in quantised], [each.values for each in quantised]
    bits = sum(each[0].numel() * math.log2(book.size) for each, book in zip(codes, books))
    reconstruction = method.decode(model.nets, tuple(values))
    mixed = method.decode(model.nets, (values[0].roll(1, 0), *values[1:]))
    # How likely codes are by their frequencies alone, of each book and round, with one more of each.
    histogram, count = 0.0, sum(each[0].numel() for each in codes)
    for place, each in enumerate(method.quantise(model.nets, known)):
        for turn in range(each.codes.shape[1]):
            often = torch.bincount(each.codes[:, turn].flatten(), minlength=books[place].size) + 1
            histogram -= (often / often.sum()).log()[codes[place][:, turn]].sum().item() / len(images)
    prior = -method.log_codes(model.nets, tuple(codes), labels).mean().item()
    error = _square(reconstruction, images)
    side = dataset.images.shape[-1] // PATCH
    naive, centres = _k_means(dataset, train, held_out, 2 ** (bits / side**2), seed)
    used = [len(each.unique()) for each in codes]
    return Table(
        rows=(
            {
                "kind": "generated",
                "name": model.name,
                "error": error,
                "prior_gain": (histogram - prior) / count,
                "coarse": _square(mixed, images) / error,
                "used": min(number / book.size for number, book in zip(used, books)),
                "perplexity": min(_perplexity(each, book.size) for each, book in zip(codes, books)),
            },
            {"kind": "baseline", "name": f"naive: k-means, {centres} patches", "error": naive, "prior_gain": 0.0}
            | {"coarse": 1.0, "used": 1.0},
        ),
        protocol=(
            f"error: mean square, images from 0 to 1, of {len(images):,} held-out images made again from {count} codes,"
            f" {bits:.0f} bits; of the baseline from {side**2} patches with the nearest of {centres} centres, as many"
            " bits. prior_gain: nats by which a code is likelier under the prior than by how often it occurs. coarse:"
            " how many times larger the error is with the (coarse) codes of another image. used: share of the codes"
            " that some held-out image takes, the least of all codebooks; perplexity likewise, over all of them."
        ),
    )


MEASURE = Measure(
    compare, {"error": "less", "prior_gain": "more", "coarse": "more", "used": "more"}, fields={"image": Image}
)


def _square(reconstruction: torch.Tensor, images: torch.Tensor) -> float:
    return ((reconstruction.clamp(-1, 1) - images) / 2).square().mean().item()


def _perplexity(codes: torch.Tensor, size: int) -> float:
    share = np.bincount(codes.numpy().ravel(), minlength=size) / codes.numel()
    return float(np.exp(entr(share).sum()))


def _k_means(dataset: Dataset, train: np.ndarray, held_out: np.ndarray, bits: float, seed: int) -> tuple[float, int]:
    """The error of the nearest of so many centres for each patch, and how many they are."""

    def patches(rows: np.ndarray) -> np.ndarray:
        images = dataset.images[rows].astype(np.float32) / 255
        n, channels, height, width = images.shape
        cut = images.reshape(n, channels, height // PATCH, PATCH, width // PATCH, PATCH)
        return np.asarray(cut.transpose(0, 2, 4, 1, 3, 5).reshape(-1, channels * PATCH**2))

    centres = round(bits)
    clusters = MiniBatchKMeans(centres, batch_size=4096, n_init=3, random_state=seed).fit(patches(train))
    unseen = patches(held_out)
    return float(((unseen - clusters.cluster_centers_[clusters.predict(unseen)]) ** 2).mean()), centres
