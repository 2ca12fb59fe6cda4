"""What there is to train on and with: the images as they are found, and this machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import psutil
import torch

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.open import open_pictures
from saddlepoint.data.settings import DataSettings
from saddlepoint.data.sources.decode import UnusableImage
from saddlepoint.keyed import numpy_generator
from saddlepoint.kinds.pixels import pixels
from saddlepoint.metrics.formulas.monitoring import rows

MEASURED = 2_000
"""images whose size and content are looked at"""
SAME = 0.02
"""root mean square difference, as a share of the range from black to white and at 16 pixels a side, under which two
images are near-duplicates: what saving again or resizing leaves"""
CARRIED = 0.9
"""share of the variance whose directions are counted"""


Form = Literal["images", "pairs", "domains"]


@dataclass(frozen=True)
class Images:
    """What the images are like.

    form: whether they come alone, as pairs, or as two domains without pairs; of pairs, what is said is of the targets.
    count: how many. channels: 1 or 3. shortest: the shorter side in pixels that nine images in ten have; longest: the
    shorter side of the largest. classes: images of each, by name; empty without classes. near_duplicates: share of the
    images that have another very much like them. directions: principal directions that carry nine tenths of the
    variance at 16 pixels a side: a few for aligned or simple images, a hundred for photographs of anything.
    """

    count: int
    channels: int
    shortest: int
    longest: int
    classes: dict[str, int]
    near_duplicates: float
    directions: int
    form: Form = "images"

    @property
    def imbalance(self) -> float:
        """How many times as many images the largest class has as the smallest; 1 without classes."""
        return max(self.classes.values()) / max(min(self.classes.values()), 1) if self.classes else 1.0


@dataclass(frozen=True)
class Computer:
    """What there is to compute with: cores; memory in bytes that is free for a run; the GPU's name, or "" for none."""

    cores: int
    memory: int
    gpu: str


def this_computer() -> Computer:
    """The machine as it stands."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if torch.cuda.is_available():
        return Computer(cores, torch.cuda.mem_get_info()[0], torch.cuda.get_device_name())
    return Computer(cores, psutil.virtual_memory().available, "")


def sides(settings: DataSettings, say: Callable[[str], None] = lambda text: None) -> tuple[int, int]:
    """The shorter side that nine images in ten reach, and the largest one, from up to `MEASURED` headers."""
    pictures = open_pictures(settings, say=say)
    lengths = []
    for index in _chosen(len(pictures)):
        try:
            headers = pictures.headers(int(index))
        except UnusableImage:
            continue
        lengths += [min(header.width, header.height) for header in headers]
    return (int(np.quantile(lengths, 0.1, method="lower")), max(lengths)) if lengths else (0, 0)


def look_at(dataset: Dataset, shortest: int, longest: int) -> Images:
    """The images once they are packed to one shape."""
    chosen = np.sort(_chosen(len(dataset)))
    values = rows(pixels(torch.from_numpy(np.ascontiguousarray(dataset.images[chosen]))))  # [n, numbers] in [-1, 1]
    classes = {}
    if dataset.labels is not None:
        counts = np.bincount(dataset.labels, minlength=len(dataset.classes))
        classes = dict(zip(dataset.classes, counts.tolist()))
    domains = dataset.source.startswith("unpaired:")
    form: Form = "domains" if domains else "pairs" if "target" in dataset.fields else "images"
    sizes = dataset.images.shape[1], shortest, longest
    return Images(len(dataset), *sizes, classes, near_duplicates(values), directions(values), form)


def near_duplicates(images: torch.Tensor) -> float:
    """Share of the rows [n, numbers] in [-1, 1] that have another within `SAME`."""
    if len(images) < 2:
        return 0.0
    distance = torch.cdist(images, images) / (2 * images.shape[1] ** 0.5)
    distance.fill_diagonal_(torch.inf)
    return float((distance.min(1).values < SAME).float().mean())


def directions(images: torch.Tensor) -> int:
    """How many principal directions carry `CARRIED` of the variance of the rows [n, numbers]."""
    values = torch.linalg.svdvals(images - images.mean(0)).square()
    return int((values.cumsum(0) < CARRIED * values.sum()).sum()) + 1


def _chosen(count: int) -> np.ndarray:
    return numpy_generator("survey", count).permutation(count)[:MEASURED]
