"""Ctrl-C and SIGTERM while a run trains: the first one ends it after the step, a second one at once.

A signal that comes while one long operation computes reaches Python's handlers only when that is over. So a thread
reads the signals as they arrive: it answers at once, and ends a process that a second signal has not stopped soon.
"""

from __future__ import annotations

import builtins
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import final

GRACE = 2.0
"""seconds that a process has to stop by itself after a second signal"""
FIRST = "finishing this step, then saving; once more to stop at once."
SECOND = "stopped at once; what was trained since the last checkpoint is lost."


@contextmanager
def interrupts(stop: Callable[[], None], say: Callable[[str], None]) -> Iterator[None]:
    """Within it, a first Ctrl-C or SIGTERM calls `stop`, and a second one raises KeyboardInterrupt.

    say: gets a sentence the moment a signal arrives, from another thread. Outside the main thread, which alone gets
    signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    watch = _Watch(stop, say)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    fd = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    thread = threading.Thread(target=watch.read, args=(reader,), daemon=True)
    thread.start()
    try:
        for number in before:
            signal.signal(number, watch.handle)
        yield
    finally:
        watch.over.set()
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(fd)
        writer.close()  # which ends the thread
        thread.join(1)
        reader.close()


@final
class _Watch:
    """Counts signals in two places: as they arrive, and as Python handles them."""

    def __init__(self, stop: Callable[[], None], say: Callable[[str], None]) -> None:
        self._stop, self._say = stop, say
        self._arrived = self._handled = 0
        self.over = threading.Event()

    def handle(self, number: int, frame: object) -> None:
        """Python's handler, in the main thread; several that arrive during one operation are one call."""
        self._handled += 1
        if max(self._handled, self._arrived) > 1:
            self.over.set()
            raise KeyboardInterrupt
        self._stop()

    def read(self, signals: socket.socket) -> None:
        """Answers each signal; ends the process after a second one, where the main thread does not."""
        while numbers := signals.recv(16):
            for number in numbers:
                self._arrived += 1
                if self._arrived == 1:
                    self._say(FIRST)
                elif self._arrived == 2:
                    self._say(SECOND)
                    if not self.over.wait(GRACE) and not hasattr(builtins, "__IPYTHON__"):
                        os._exit(128 + number)
