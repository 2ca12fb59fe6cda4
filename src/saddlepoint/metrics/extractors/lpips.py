"""LPIPS over pairs of 8-bit images; the network is in nn/backbones/lpips.py."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from saddlepoint.metrics.extractors.features import Identity, weights_hash
from saddlepoint.metrics.extractors.weight_files import named
from saddlepoint.metrics.formulas.pairwise import check_pair
from saddlepoint.metrics.formulas.statistics import Doubles
from saddlepoint.metrics.images import Bytes
from saddlepoint.nn.backbones.lpips import HEADS, LPIPS, TRUNKS, TrunkName
from saddlepoint.nn.backbones.weights import WeightFile, load_weights


def lpips_files() -> list[WeightFile]:
    """Every published file that some LPIPS needs."""
    return [*HEADS.values(), *(trunk.published for trunk in TRUNKS.values())]


def lpips_from(weights: Sequence[Path], name: TrunkName = "alex") -> LPIPS:
    """LPIPS v0.1 with those of its published files that are among `weights`, and else as `published_lpips` has them."""
    return published_lpips(name, named(TRUNKS[name].published, weights), named(HEADS[name], weights))


def published_lpips(name: TrunkName = "alex", trunk: Path | None = None, heads: Path | None = None) -> LPIPS:
    """LPIPS v0.1 with published weights, from the cache, the network or the given paths.

    Raises OfflineError naming what to fetch and where to put it, DataError for files that do not fit.
    """
    network = LPIPS(TRUNKS[name]())
    network.trunk.load(load_weights(network.trunk.published, trunk))
    network.load_heads(load_weights(HEADS[name], heads))
    return network.eval()


def lpips_identity(network: LPIPS) -> Identity:
    """What a figure of this network depends on."""
    return Identity(f"lpips-{type(network.trunk).__name__}", weights_hash(network), "all taps", "none", "x/127.5-1")


@torch.inference_mode()
def lpips(network: LPIPS, a: Bytes, b: Bytes, size: int = 16) -> Doubles:
    """Distance of each pair. a, b: uint8 [N, 1 or 3, H, W]. Returns [N]. Raises ShapeError."""
    check_pair(a, b)
    parts: list[Tensor] = []
    for start in range(0, len(a), size):
        rows = slice(start, start + size)
        parts.append(network(*(torch.from_numpy(array[rows].astype(np.float32)) / 127.5 - 1 for array in (a, b))))
    return np.asarray(torch.cat(parts).double().numpy())
