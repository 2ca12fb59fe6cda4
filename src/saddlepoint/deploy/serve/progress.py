"""How far a work is and whether it is still wanted: written by worker threads and the event loop alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import final

from PIL import Image

ALMOST = 0.99
"""share of work that goes on still: all of it is done once its result is there"""


class Stopped(Exception):
    """The work is no longer wanted: its client has gone, its time is over, or its job was cancelled."""


@final
class Progress:
    """share: of the work, less than 1 while it goes on. preview: is given a small image as soon as there is one."""

    def __init__(self, preview: Callable[[Image.Image], object] | None = None) -> None:
        self.share = 0.0
        self._stop, self._preview, self._begun = threading.Event(), preview, time.monotonic()

    @property
    def wants_preview(self) -> bool:
        """Whether anybody would see one."""
        return self._preview is not None

    @property
    def stopped(self) -> bool:
        """Whether to end."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Say that it is no longer wanted."""
        self._stop.set()

    def at(self, share: float) -> None:
        """Note how far it is. Raises Stopped when it is no longer wanted."""
        self.share = min(max(self.share, share), ALMOST)
        if self.stopped:
            raise Stopped

    def show(self, image: Image.Image) -> None:
        """Give a small image of what it will be."""
        if self._preview is not None:
            self._preview(image)

    @property
    def seconds_left(self) -> float | None:
        """At the rate so far; None before there is one."""
        spent = time.monotonic() - self._begun
        return None if not self.share else spent * (1 - self.share) / self.share
