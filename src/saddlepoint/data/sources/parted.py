"""Clouds whose last column is the number of the part that each point belongs to, as in ShapeNet's part annotation."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

import numpy as np

from saddlepoint.data.dataset import Dataset
from saddlepoint.data.sources.numpy_files import UnusableFile
from saddlepoint.data.sources.shapes import read_shape
from saddlepoint.kinds.parts import Parts

ENDINGS = (".npy", ".npz", ".xyz", ".txt")
_MOST = 1000


def read_parted(name: str, stream: BinaryIO, size: int, points: int) -> np.ndarray:
    """One file as `points` rows x, y, z, features, part, float32: places fitted as `read_shape` does.

    Raises UnusableFile with the reason for a file of fewer columns, or whose last one holds no whole numbers from 0.
    """
    cloud = read_shape(name, stream, size, points)
    if cloud.shape[1] < 4:
        raise UnusableFile("has places alone: a fourth column, or the last of more, is the number of the part")
    part = cloud[:, -1]
    if (part != np.rint(part)).any() or part.min() < 0 or part.max() >= _MOST:
        raise UnusableFile(f"has a last column that is no number of a part, from 0 to {_MOST - 1}")
    return cloud


def split(dataset: Dataset) -> Dataset:
    """Clouds with the part as their last feature as clouds and parts. Their names are the numbers that occur."""
    clouds = dataset.fields["cloud"]
    numbers, parts = np.unique(clouds[..., -1].astype(np.int64), return_inverse=True)
    fields = {**dataset.fields, "cloud": clouds[..., :-1], "parts": parts.reshape(clouds.shape[:2])}
    kind = Parts(clouds.shape[1], tuple(f"part {number}" for number in numbers.tolist()))
    return replace(dataset, fields=fields, kinds={"parts": kind})
