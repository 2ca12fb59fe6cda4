"""The fingerprint of a data set: hex digits that change when a pixel, a label or the order does."""

from __future__ import annotations

import hashlib

import numpy as np


class Fingerprint:
    """Hex digits over pixels, labels and order: sha256 of the shape, then all rows, the labels, the attributes."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._hash = hashlib.sha256(repr(tuple(shape)).encode())

    def add(self, rows: np.ndarray) -> None:
        """Takes in the next rows."""
        self._hash.update(np.ascontiguousarray(rows).data)

    def finished(self, labels: np.ndarray | None, attributes: np.ndarray | None = None) -> str:
        """The digits, once all rows are in."""
        if labels is not None:
            self._hash.update(np.ascontiguousarray(labels, dtype="<i8").data)
        if attributes is not None:
            self._hash.update(np.ascontiguousarray(attributes, dtype="|u1").data)
        return self._hash.hexdigest()


def fingerprint(rows: np.ndarray, labels: np.ndarray | None, attributes: np.ndarray | None = None) -> str:
    """The digits of rows that lie in memory."""
    whole = Fingerprint(rows.shape[1:])
    whole.add(rows)
    return whole.finished(labels, attributes)
