"""One measurement over several processes: each sees a part of the images, all come to the same figures."""

from __future__ import annotations

import numpy as np
import torch
import torch.distributed as dist

from saddlepoint.metrics.extractors.cache import cached_features
from saddlepoint.metrics.extractors.features import Extractor, Features, features
from saddlepoint.metrics.formulas.statistics import Moments
from saddlepoint.metrics.sets import ImageSet


def place() -> tuple[int, int]:
    """Rank and number of the processes of the running group; (0, 1) outside one."""
    grouped = dist.is_available() and dist.is_initialized()
    return (dist.get_rank(), dist.get_world_size()) if grouped else (0, 1)


def bounds(count: int, rank: int, world: int) -> tuple[int, int]:
    """First row of a process and the one after its last; parts differ by one row at most and are all rows in order."""
    return rank * count // world, (rank + 1) * count // world


def all_features(extractor: Extractor, images: ImageSet, content: str | None = None) -> Features:
    """Features of all images [N, d], the same on each process, which measures its own part alone.

    content: with it, each part is kept in the cache; it changes with any pixel and any choice of images.
    """
    start, stop = bounds(len(images), *place())
    if content is None:
        return gathered(features(extractor, images.stream(start, stop)))
    own = cached_features(f"{content}/{start}-{stop}", extractor, lambda: images.stream(start, stop))
    return gathered(own)


def gathered(own: Features) -> Features:
    """The features of all processes [N, d] in the order of ranks; outside a process group what was given."""
    rank, world = place()
    if world == 1:
        return own
    counts = [0] * world
    dist.all_gather_object(counts, len(own))
    whole = np.empty((sum(counts), own.shape[1]), np.float32)
    device = "cuda" if dist.get_backend() == "nccl" else "cpu"
    for turn, rows in enumerate(np.split(whole, np.cumsum(counts)[:-1])):
        block = torch.tensor(own if turn == rank else rows, device=device)
        dist.broadcast(block, turn)
        rows[:] = block.cpu().numpy()
    return whole


def merged(moments: Moments) -> Moments:
    """What all processes of the running process group gathered, merged in the order of ranks; the same on each.

    Outside a process group it is what was given.
    """
    _, world = place()
    if world == 1:
        return moments
    parts: list[Moments | None] = [None] * world
    dist.all_gather_object(parts, moments)
    whole = Moments()
    for each in parts:
        if each is not None:
            whole.merge(each)
    return whole
