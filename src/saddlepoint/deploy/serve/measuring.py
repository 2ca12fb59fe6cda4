"""How long the service takes for batches of one model: the same forward pass and the same files as for its clients."""

from __future__ import annotations

import statistics
import time
from collections.abc import Hashable, Sequence
from typing import Any

import torch

from saddlepoint.deploy.serve import making, packing, schemas
from saddlepoint.deploy.serve.forward import forward
from saddlepoint.deploy.serve.making import Codes, Made
from saddlepoint.deploy.serve.shelf import Served
from saddlepoint.errors import CapabilityError
from saddlepoint.kinds.image import Image
from saddlepoint.kinds.pixels import to_uint8

_LEAST = 3  # calls of each size


def batch_times(served: Served, sizes: Sequence[int], seconds: float) -> dict[int, float]:
    """Seconds of a batch by its size, the median of the calls that `seconds` have room for, three at least.

    Raises CapabilityError for a model that neither samples nor translates images.
    """
    return {size: _time(served, size, seconds) for size in sizes}


def _time(served: Served, size: int, seconds: float) -> float:
    kind, items = _work(served, size)
    _once(served, kind, items)  # the first call prepares
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < _LEAST or time.perf_counter() - begun < seconds:
        start = time.perf_counter()
        _once(served, kind, items)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _work(served: Served, size: int) -> tuple[Hashable, list[Any]]:
    if isinstance(served.model.spec.main, Image):
        if "sample" in served.tasks:
            work = making.work_for(served, schemas.SampleAsk(n=size), Codes())
            return work.kind, work.items()
        if "translate" in served.tasks:
            assert served.source is not None
            window = torch.zeros(served.source.shape)
            return ("translate", served.model.origin(), 0), [window] * size
    raise CapabilityError(f"{served.model} neither samples nor translates images: write its rates by hand.")


def _once(served: Served, kind: Hashable, items: list[Any]) -> None:
    """A batch, and a file for each of its images."""
    outputs = forward(served, kind, items)
    pixels = [one if one.dtype == torch.uint8 else to_uint8(one[None])[0] for one in outputs]
    for picture in making.pictured(pixels):
        packing.pack(served, schemas.Ask(), [Made(picture, "generated", {})])
