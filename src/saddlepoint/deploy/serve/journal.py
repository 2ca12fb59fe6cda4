"""The log: one JSON object a line, with the identity of its request; no image and no name of a file stands in it."""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO, final

_OFTEN = 5  # lines of one kind that libraries write in one period; of the others there is a count
_PERIOD = 60.0  # seconds
_KINDS = 100  # kinds of lines that are told apart in one period


@final
class Journal:
    """Writes to `stream`, by default standard error; None keeps quiet."""

    def __init__(self, stream: TextIO | None = sys.stderr) -> None:
        self._stream = stream

    def line(self, event: str, request: str | None = None, **facts: Any) -> None:
        """One event."""
        if self._stream is None:
            return
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        entry = {"time": when, "event": event, **({"request": request} if request else {}), **facts}
        self._stream.write(json.dumps(entry) + "\n")
        self._stream.flush()

    def fault(self, request: str | None, error: BaseException) -> None:
        """An error that nobody expected, with where it came from."""
        self.line("fault", request, error=type(error).__name__, where=_where(error))


@final
class Relay(logging.Handler):
    """What libraries log, as lines of the journal: a few of each kind in a minute, so that no client can fill a disk.

    now: seconds that only rise.
    """

    def __init__(self, journal: Journal, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logging.WARNING)
        self._journal, self._now = journal, now
        self._seen: Counter[tuple[str, str]] = Counter()
        self._begun = now()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, or count it."""
        if self._now() - self._begun > _PERIOD:
            self.tell()
        kind = (record.name, str(record.msg)[:100])
        if kind not in self._seen and len(self._seen) >= _KINDS:
            kind = ("others", "")
        self._seen[kind] += 1
        if self._seen[kind] <= _OFTEN:
            error = record.exc_info[1] if record.exc_info else None
            where = {} if error is None else {"where": _where(error)}
            text = record.getMessage()[:1000].strip()
            self._journal.line("library", source=record.name, level=record.levelname.lower(), text=text, **where)

    def tell(self) -> None:
        """Say how often what was not written came, and count anew."""
        for (source, text), times in self._seen.items():
            if times > _OFTEN:
                self._journal.line("library", source=source, text=text, more=times - _OFTEN)
        self._seen.clear()
        self._begun = self._now()


def _where(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-4000:]
