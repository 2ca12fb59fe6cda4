"""One measurement over several processes: each sees a part of the images, all come to the same statistics."""

from __future__ import annotations

import torch.distributed as dist

from saddlepoint.metrics.images import Bytes
from saddlepoint.metrics.statistics import Moments


def part(images: Bytes, rank: int, world: int) -> Bytes:
    """The contiguous rows of this process; parts differ by one row at most and together are all rows in order."""
    return images[rank * len(images) // world : (rank + 1) * len(images) // world]


def merged(moments: Moments) -> Moments:
    """What all processes of the running process group gathered, merged in the order of ranks; the same on each.

    Outside a process group it is what was given.
    """
    if not (dist.is_available() and dist.is_initialized()):
        return moments
    gathered: list[Moments | None] = [None] * dist.get_world_size()
    dist.all_gather_object(gathered, moments)
    whole = Moments()
    for each in gathered:
        if each is not None:
            whole.merge(each)
    return whole
