"""Images that several metrics read, each at its own pace: rows of an array, or what a generator makes."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from saddlepoint.errors import CapabilityError
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.pixels import to_uint8
from saddlepoint.methods.abilities import Samples, Sampling, in_turn
from saddlepoint.methods.base import Method, Networks
from saddlepoint.metrics.images import Bytes

Indices = NDArray[np.int64]

_BATCH = 256


class ImageSet(ABC):
    """Images uint8 [n, C, H, W] that are read or made some at a time, as often as they are asked for."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def at(self, places: Indices) -> Bytes:
        """The images at these places in [0, n)."""

    def stream(self, start: int = 0, stop: int | None = None) -> Iterator[Bytes]:
        """The images of [start, stop) in order, in batches; one batch is in memory."""
        last = len(self) if stop is None else stop
        for first in range(start, last, _BATCH):
            yield self.at(np.arange(first, min(first + _BATCH, last)))

    def quarter(self, number: int) -> ImageSet:
        """Every fourth image from `number` on, 0 to 3."""
        return Quarter(self, number)

    def spread(self, count: int) -> Bytes:
        """`count` images at even distances, all in memory: of a set sorted by class, some of each class."""
        return self.at(np.linspace(0, len(self) - 1, count).astype(np.int64))


@final
class Quarter(ImageSet):
    """Every fourth image of a set."""

    def __init__(self, images: ImageSet, number: int) -> None:
        self._images, self._places = images, np.arange(number, len(images), 4)

    def __len__(self) -> int:
        return len(self._places)

    def at(self, places: Indices) -> Bytes:
        """See ImageSet."""
        return self._images.at(self._places[places])


@final
class Rows(ImageSet):
    """Rows of an array or memory map uint8 [N, C, H, W]; all of them by default."""

    def __init__(self, images: Bytes, rows: Indices | None = None) -> None:
        self.images = images
        self.rows = np.arange(len(images)) if rows is None else rows

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, places: Indices) -> Bytes:
        """See ImageSet."""
        return np.ascontiguousarray(self.images[self.rows[places]])

    @property
    def choice(self) -> str:
        """Hex digits that change with any of the rows or their order."""
        return hashlib.sha256(self.rows.astype("<i8").tobytes()).hexdigest()[:16]

    def first(self, count: int) -> Rows:
        """The first `count` of them."""
        return Rows(self.images, self.rows[:count])

    def halves(self, seed: int = 0) -> tuple[Rows, Rows]:
        """Two random halves without a common row."""
        order = numpy_generator(seed, "real against real").permutation(len(self))
        middle = len(self) // 2
        return Rows(self.images, self.rows[order[:middle]]), Rows(self.images, self.rows[order[middle:]])


@final
class Generated(ImageSet):
    """What a method makes from the latents of one seed; image i depends on (seed, i) and its label alone, to rounding.

    nets: in evaluation mode, on `device`. conditions: what is asked for of each, by field; by default labels in turn,
    if the method knows classes.
    Raises CapabilityError when the method makes no images from latents.
    """

    def __init__(
        self,
        method: Method,
        nets: Networks,
        count: int,
        seed: int,
        *,
        device: torch.device,
        truncation: float = 1.0,
        conditions: Mapping[str, Tensor] | None = None,
    ) -> None:
        if not isinstance(method, Samples):
            raise CapabilityError("this method makes no images from latents, so there is nothing to measure.")
        self._method, self._nets, self._device = method, nets, device
        self._how = Sampling(in_turn(method, nets, count) if conditions is None else conditions, truncation)
        self._latents = method.latents(nets, count, seed)

    def __len__(self) -> int:
        return len(self._latents)

    @property
    def labels(self) -> NDArray[np.int64] | None:
        """The class that each was made as; None where there was none to choose."""
        label = self._how.label
        return None if label is None else label.numpy()

    @torch.no_grad()
    def at(self, places: Indices) -> Bytes:
        """See ImageSet."""
        parts = []
        for rows in torch.from_numpy(places).split(_BATCH):
            how, latents = self._how.rows(rows).to(self._device), self._latents[rows].to(self._device)
            parts.append(to_uint8(self._method.generate(self._nets, latents, how)))
        images: Bytes = torch.cat(parts).numpy()
        return images
