"""The files of one place, a folder on disk or a zip: what the readers of images and of descriptions work on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from saddlepoint.errors import DataError

MOST_DESCRIPTION = 512 * 2**20
"""bytes of the largest description that is read: FFHQ's has half as many"""


@dataclass(frozen=True, kw_only=True)
class Tree:
    """Regular files by their path in it, with forward slashes; what belongs to a system is not among them.

    source: as the user named the place. names: the files, in no order. folders: all folders.
    opened: opens a file by its name for reading; raises OSError or UnusableImage; called in several threads at once.
    size: bytes of a file. stamp: a text that changes when one of the named files may have.
    notes, skipped: as in `Dataset`.
    """

    source: str
    names: Sequence[str]
    folders: frozenset[str]
    opened: Callable[[str], BinaryIO]
    size: Callable[[str], int]
    stamp: Callable[[Sequence[str]], str]
    notes: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()

    def read(self, name: str) -> bytes:
        """The content of a description. Raises DataError when it cannot be read or is too large to be one."""
        if self.size(name) > MOST_DESCRIPTION:
            megabytes = self.size(name) // 2**20
            raise DataError(f"{name} of {self.source} has {megabytes:,} MB, too many for a description: move it away.")
        try:
            with self.opened(name) as file:
                return file.read(MOST_DESCRIPTION + 1)
        except OSError as error:
            raise DataError(f"{name} of {self.source} cannot be read: {error.strerror or error}.") from error
        except DataError as error:
            raise DataError(f"{name} of {self.source} {error}.") from error
